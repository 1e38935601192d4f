// The environment for a child process that needs none of its parent's secrets.

/** Names under which passwords, keys, tokens and addresses with credentials are usually kept. */
const secretName = /PASSWORD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|_KEY$|_RPC$|RPC_URL/i;

/** A copy of an environment without the variables whose names say that they hold a secret. */
export function environmentWithoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !secretName.test(name)));
}
