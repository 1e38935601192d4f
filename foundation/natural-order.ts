// The order in which people number files: slice-2 before slice-10; the same on every machine, whatever its locale.

/** Natural sort: digit runs compare as numbers, everything else by character. */
export function compareNaturally(a: string, b: string): number {
  let [left, right] = [0, 0];
  while (left < a.length && right < b.length) {
    const [leftEnd, rightEnd] = [pieceEnd(a, left), pieceEnd(b, right)];
    const isNumber = isDigit(a, left) && isDigit(b, right);
    const difference = isNumber
      ? Number(a.slice(left, leftEnd)) - Number(b.slice(right, rightEnd))
      : compareText(a.slice(left, leftEnd), b.slice(right, rightEnd));
    if (difference !== 0) return difference;
    [left, right] = [leftEnd, rightEnd];
  }
  return Number(left < a.length) - Number(right < b.length) || compareText(a, b);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function pieceEnd(text: string, from: number): number {
  const digits = isDigit(text, from);
  let end = from + 1;
  while (end < text.length && isDigit(text, end) === digits) end++;
  return end;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}
