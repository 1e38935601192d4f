// The faults of one node of the syntax tree: what stands there, and what a programmer could have written by mistake.
import ts from "typescript";

export interface Fault {
  readonly operator: string;
  /** Offsets in the file; the node's own unless given. */
  readonly start?: number;
  readonly end?: number;
  readonly replacement: string;
}

const swappedTokens = new Map<ts.SyntaxKind, readonly [operator: string, token: string]>([
  [ts.SyntaxKind.LessThanToken, ["comparison", "<="]],
  [ts.SyntaxKind.LessThanEqualsToken, ["comparison", "<"]],
  [ts.SyntaxKind.GreaterThanToken, ["comparison", ">="]],
  [ts.SyntaxKind.GreaterThanEqualsToken, ["comparison", ">"]],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, ["equality", "!=="]],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, ["equality", "==="]],
  [ts.SyntaxKind.AmpersandAmpersandToken, ["logic", "||"]],
  [ts.SyntaxKind.BarBarToken, ["logic", "&&"]],
  [ts.SyntaxKind.PlusToken, ["arithmetic", "-"]],
  [ts.SyntaxKind.MinusToken, ["arithmetic", "+"]],
  [ts.SyntaxKind.AsteriskToken, ["arithmetic", "/"]],
  [ts.SyntaxKind.SlashToken, ["arithmetic", "*"]],
  [ts.SyntaxKind.PercentToken, ["arithmetic", "*"]],
  [ts.SyntaxKind.PlusEqualsToken, ["arithmetic", "-="]],
  [ts.SyntaxKind.MinusEqualsToken, ["arithmetic", "+="]],
]);

const swappedCalls = [
  [/\.some$/, "every"],
  [/\.every$/, "some"],
  [/^Math\.min$/, "max"],
  [/^Math\.max$/, "min"],
] as const;

/** Every fault of this node, without those of its children. */
export function* operatorsAt(node: ts.Node): Generator<Fault> {
  if (ts.isBinaryExpression(node)) yield* ofBinary(node);
  else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    yield { operator: "negation removed", replacement: node.operand.getText() };
  } else if (ts.isNumericLiteral(node)) yield* ofNumber(node);
  else if (ts.isBigIntLiteral(node))
    yield { operator: "literal", replacement: `${BigInt(node.getText().slice(0, -1).replaceAll("_", "")) + 1n}n` };
  else if (node.kind === ts.SyntaxKind.TrueKeyword) yield { operator: "boolean", replacement: "false" };
  else if (node.kind === ts.SyntaxKind.FalseKeyword) yield { operator: "boolean", replacement: "true" };
  else if (ts.isPropertyAccessExpression(node) && ts.isCallExpression(node.parent) && node.parent.expression === node) {
    const [, other] = swappedCalls.find(([called]) => called.test(node.getText())) ?? [];
    if (other !== undefined) yield { operator: "call swapped", start: node.name.getStart(), replacement: other };
  }
  if (ts.isStatement(node) && isRemovable(node)) yield { operator: removal(node), replacement: ";" };
  const condition = conditionOf(node);
  if (condition && !isNegatedElsewhere(condition)) {
    yield {
      operator: "condition negated",
      start: condition.getStart(),
      end: condition.getEnd(),
      replacement: `!(${condition.getText()})`,
    };
  }
}

function* ofBinary(node: ts.BinaryExpression): Generator<Fault> {
  const kind = node.operatorToken.kind;
  if (kind === ts.SyntaxKind.QuestionQuestionToken) {
    yield { operator: "?? removed", replacement: node.left.getText() };
    return;
  }
  const swapped = swappedTokens.get(kind);
  if (!swapped) return;
  const adds = kind === ts.SyntaxKind.PlusToken || kind === ts.SyntaxKind.PlusEqualsToken;
  if (adds && (isText(node.left) || isText(node.right))) return;
  // A loop that counts the other way only costs the time limit.
  if (ts.isForStatement(node.parent) && node.parent.incrementor === node) return;
  const [operator, token] = swapped;
  const mixed = operator === "logic" && (isNullish(node.left) || isNullish(node.right));
  if (!mixed)
    yield { operator, start: node.operatorToken.getStart(), end: node.operatorToken.getEnd(), replacement: token };
}

function* ofNumber(node: ts.NumericLiteral): Generator<Fault> {
  const value = Number(node.getText().replaceAll("_", ""));
  if (Number.isFinite(value)) yield { operator: "literal", replacement: String(value + 1) };
}

/** Statements without which the rest of the function still runs. */
function isRemovable(node: ts.Statement): boolean {
  if (ts.isThrowStatement(node)) return true;
  if (ts.isReturnStatement(node)) return !(ts.isBlock(node.parent) && ts.isFunctionLike(node.parent.parent));
  if (ts.isContinueStatement(node)) return true;
  if (!ts.isExpressionStatement(node)) return false;
  if (ts.isBinaryExpression(node.expression)) return true;
  const inner = ts.isAwaitExpression(node.expression) ? node.expression.expression : node.expression;
  return ts.isCallExpression(inner) && inner.expression.kind !== ts.SyntaxKind.SuperKeyword;
}

function removal(node: ts.Statement): string {
  if (ts.isThrowStatement(node)) return "throw removed";
  if (ts.isReturnStatement(node) || ts.isContinueStatement(node)) return "early end removed";
  return "statement removed";
}

function conditionOf(node: ts.Node): ts.Expression | undefined {
  if (ts.isIfStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node)) return node.expression;
  return ts.isConditionalExpression(node) ? node.condition : undefined;
}

/** Equalities and `!x` have their own operator, which negates them. */
function isNegatedElsewhere(condition: ts.Expression): boolean {
  if (ts.isPrefixUnaryExpression(condition)) return condition.operator === ts.SyntaxKind.ExclamationToken;
  if (!ts.isBinaryExpression(condition)) return false;
  return swappedTokens.get(condition.operatorToken.kind)?.[0] === "equality";
}

function isText(node: ts.Expression): boolean {
  if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) return true;
  return ts.isBinaryExpression(node) && (isText(node.left) || isText(node.right));
}

function isNullish(node: ts.Expression): boolean {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken;
}
