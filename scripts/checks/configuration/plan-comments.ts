// What each field of a plan means: the comments of its schemas, as the API reference shows them too. The sources are only
// parsed: the compiler's checker would take many seconds to follow the types of the schemas.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

const planFile = join(import.meta.dirname, "../../../protocol/format/plan.ts");

/** An expression, and the file in which its names have their meaning. */
interface Placed<Node extends ts.Node = ts.Expression> {
  readonly node: Node;
  readonly file: ts.SourceFile;
}

/** The comment of each field, by its path, such as "training.optimiser.learningRate". */
export function planComments(): ReadonlyMap<string, string> {
  const comments = new Map<string, string>();
  const walk = (schema: Placed, path: string): void => {
    for (const { node, file } of objectsIn(schema)) {
      for (const property of node.properties) {
        if (ts.isSpreadAssignment(property)) {
          walk(asObject({ node: property.expression, file }), path);
          continue;
        }
        const name = property.name?.getText(file) ?? "";
        const at = path === "" ? name : `${path}.${name}`;
        const value = ts.isPropertyAssignment(property) ? property.initializer : (property.name as ts.Identifier);
        const text = commentOf(property) || commentOf(declarationOf({ node: value, file })?.node);
        // The variants of a union say at their name what each of them is.
        const literal = name === "name" ? /z\.literal\("([\w-]+)"\)/.exec(value.getText(file))?.[1] : undefined;
        const said = literal === undefined ? text : `${code(literal)}: ${text}`;
        const before = comments.get(at);
        if (text !== "") comments.set(at, before === undefined || before === said ? said : `${before} ${said}`);
        walk({ node: value, file }, at);
      }
    }
  };
  const plan = parse(planFile);
  walk({ node: constants(plan).get("planSchema")!.initializer!, file: plan }, "");
  return comments;
}

const code = (name: string) => `\`${name}\``;

/** The object literals of a schema: one, or one for each variant of a union. */
function objectsIn({ node, file }: Placed): Placed<ts.ObjectLiteralExpression>[] {
  if (ts.isObjectLiteralExpression(node)) return [{ node, file }];
  if (ts.isIdentifier(node)) {
    const declared = declarationOf({ node, file });
    return declared?.node.initializer ? objectsIn({ node: declared.node.initializer, file: declared.file }) : [];
  }
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
  const { expression, name } = node.expression;
  const [first, second] = node.arguments;
  if (name.text === "object" && first) return objectsIn({ node: first, file });
  if (name.text === "discriminatedUnion" && second && ts.isArrayLiteralExpression(second))
    return second.elements.flatMap((each) => objectsIn({ node: each, file }));
  return objectsIn({ node: expression, file }); // .strict(), .optional(), …
}

const asObject = (placed: Placed): Placed => objectsIn(placed)[0] ?? placed;

/** Of a constant of this file, or of one that it imports. */
function declarationOf({ node, file }: Placed): Placed<ts.VariableDeclaration> | undefined {
  if (!ts.isIdentifier(node)) return undefined;
  const own = constants(file).get(node.text);
  if (own) return { node: own, file };
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement)) continue;
    const from = (statement.moduleSpecifier as ts.StringLiteral).text;
    const names = statement.importClause?.namedBindings;
    if (!from.startsWith(".") || !names || !ts.isNamedImports(names)) continue;
    if (!names.elements.some(({ name }) => name.text === node.text)) continue;
    const other = parse(join(dirname(file.fileName), from));
    const found = constants(other).get(node.text);
    return found && { node: found, file: other };
  }
  return undefined;
}

function constants(file: ts.SourceFile): Map<string, ts.VariableDeclaration> {
  const declared = file.statements.flatMap((each) =>
    ts.isVariableStatement(each) ? [...each.declarationList.declarations] : [],
  );
  return new Map(declared.map((each) => [each.name.getText(file), each]));
}

function commentOf(node: ts.Node | undefined): string {
  const place = node && ts.isVariableDeclaration(node) ? node.parent.parent : node;
  const [comment] = place ? ts.getJSDocCommentsAndTags(place) : [];
  const text = comment && ts.isJSDoc(comment) ? (ts.getTextOfJSDocComment(comment.comment) ?? "") : "";
  return text.replaceAll(/\s+/g, " ").trim();
}

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2023, true);
}
