// Small faults that a programmer could make, one at a time, in the text of one source file.
import ts from "typescript";
import { operatorsAt } from "./operators.ts";

/** One fault: `text.slice(start, end)` becomes `replacement`. */
export interface Mutation {
  readonly file: string;
  readonly operator: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** All faults of a file, in the order of its text. */
export function mutationsOf(file: string, text: string): Mutation[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const mutations: Mutation[] = [];
  const visit = (node: ts.Node) => {
    if (isLeftAlone(node)) return;
    for (const { operator, start = node.getStart(), end = node.getEnd(), replacement } of operatorsAt(node)) {
      mutations.push({ file, operator, start, end, replacement });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return mutations.sort((a, b) => a.start - b.start);
}

/** The text with the fault in it. */
export function mutated(text: string, { start, end, replacement }: Mutation): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

/** The first line that the fault changes, before and after. @returns its number counts from 1 */
export function changedLine(text: string, mutation: Mutation): { line: number; before: string; after: string } {
  const from = text.lastIndexOf("\n", mutation.start - 1) + 1;
  const lineEnd = (content: string, index: number) =>
    (content.indexOf("\n", index) + content.length + 1) % (content.length + 1);
  const faulty = mutated(text, mutation);
  const lastReplaced = mutation.start + mutation.replacement.length;
  return {
    line: text.slice(0, from).split("\n").length,
    before: oneLine(text.slice(from, lineEnd(text, mutation.end))),
    after: oneLine(faulty.slice(from, lineEnd(faulty, lastReplaced))),
  };
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, " ");
}

/** Types do not run, log lines and the facts of an error are wording: no test should hold them. */
function isLeftAlone(node: ts.Node): boolean {
  if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return true;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return true;
  if (ts.isNewExpression(node)) return node.expression.getText() === "FedError";
  return ts.isExpressionStatement(node) && /^(await )?([\w.#]*\.)?#?log\??\.(\w+|\[.+\])\(/.test(node.getText());
}
