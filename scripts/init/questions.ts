// Questions at a terminal, each with the answer that Enter gives; where nobody can be asked, that answer is taken.
import { createInterface } from "node:readline/promises";
import { FedError } from "../../foundation/errors.ts";

export interface Questions {
  /** @param value as an option gave it: then nothing is asked */
  text(value: string | undefined, question: string, usual: string): Promise<string>;
  list(value: readonly string[] | undefined, question: string, usual: string): Promise<string[]>;
  yes(value: boolean | undefined, question: string): Promise<boolean>;
  close(): void;
}

/** Its methods throw ABORTED at the end of the input. */
export function openQuestions({ isAsking }: { readonly isAsking: boolean }): Questions {
  const terminal = isAsking ? createInterface({ input: process.stdin, output: process.stderr }) : undefined;
  // A queue: what is typed before the next question is asked would be lost otherwise.
  const typed = terminal?.[Symbol.asyncIterator]();
  const text = async (value: string | undefined, question: string, usual: string): Promise<string> => {
    if (value !== undefined || !terminal || !typed) return value ?? usual;
    terminal.setPrompt(`${question} [${usual || "none"}] `);
    terminal.prompt();
    const answer = await typed.next();
    if (answer.done) throw new FedError("ABORTED", { what: "questions" });
    return answer.value.trim() || usual;
  };
  return {
    text,
    list: async (value, question, usual) =>
      (await text(value?.join(" "), question, usual)).split(/[\s,]+/).filter(Boolean),
    yes: async (value, question) => value ?? /^y(es)?$/i.test(await text(undefined, question, "no")),
    close: () => terminal?.close(),
  };
}

/** @throws OPTION_INVALID */
export function whole(text: string, option: string, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= most) return value;
  throw new FedError("OPTION_INVALID", { option, value: text }, { remedy: `give a whole number up to ${most}` });
}
