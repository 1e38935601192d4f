// A real Chromium for tests of pages, where one is installed.
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Page } from "playwright-core";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Undefined where there is none. */
export const executablePath = [process.env["CONSILIUM_TEST_CHROMIUM"] ?? "", ...places].find((path) =>
  existsSync(path),
);

/** Rounds, and audits of lowest priority, take minutes on a busy machine. */
export const patienceMs = 240_000;

/** Asked again and again from here: the page's own policy forbids it to evaluate text. */
export async function until(page: Page, holds: string): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await page.evaluate(holds))) {
    if (performance.now() > end) throw new Error(`never held: ${holds}`);
    await delay(20);
  }
}
