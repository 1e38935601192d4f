// Ends this process with the wrapper that started it over an IPC channel (scripts/setup/bootstrap.mjs): a killed wrapper
// must not leave a child that holds the store.

let following = false;

/** When the parent has gone, the process gets SIGTERM, which every command handles as its orderly end. Idempotent. */
export function endWithParent(): void {
  if (following || !process.channel) return;
  following = true;
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel.unref();
}
