/** Finds what a synchronous, deterministic core must not contain, in the syntax tree: comments and strings do not count. */
import ts from 'typescript'

/** Globals that wait, tell the time, roll a die, do I/O or depend on the machine. */
const GLOBALS = new Set(
  `Atomics Buffer Date Intl Promise WeakRef console crypto fetch global globalThis performance process
  queueMicrotask setImmediate setInterval setTimeout`.split(/\s+/),
)
/** Properties that do the same, whatever they are asked of. */
const PROPERTIES = new Set(
  'localeCompare random toLocaleLowerCase toLocaleString toLocaleUpperCase'.split(' ').map((name) => `.${name}`),
)

/** What is impure in some TypeScript, as `what at line n`. */
export function impurities(text: string): readonly string[] {
  const file = ts.createSourceFile('core.ts', text, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const what = impurity(node)
    if (what !== undefined)
      found.push(`${what} at line ${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

function impurity(node: ts.Node): string | undefined {
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return 'async'
  if (node.kind === ts.SyntaxKind.AwaitKeyword || ts.isAwaitExpression(node)) return 'await'
  if (ts.isStringLiteral(node) && isModuleName(node) && node.text.startsWith('node:')) return node.text
  if (!ts.isIdentifier(node)) return undefined
  if (ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) {
    return PROPERTIES.has(`.${node.text}`) ? `.${node.text}` : undefined
  }
  if (isKey(node)) return undefined
  return GLOBALS.has(node.text) ? node.text : undefined
}

/** The `process` of `{ process: 1 }`, of a method or of a field: a name of our own. */
function isKey(node: ts.Identifier): boolean {
  const { parent } = node
  const hasKey = ts.isPropertyAssignment(parent) || ts.isTypeElement(parent) || ts.isClassElement(parent)
  return hasKey && parent.name === node
}

function isModuleName(node: ts.StringLiteral): boolean {
  return ts.isImportDeclaration(node.parent) || ts.isExportDeclaration(node.parent) || ts.isCallExpression(node.parent)
}
