// Elements of the page. Every text becomes a text node: names that others chose can never be read as markup.

import { shortName } from "./words.ts";

export type Child = Node | string | number | undefined;

export function h(tag: string, attributes: Readonly<Record<string, string>> = {}, ...children: Child[]): HTMLElement {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag: string, attributes: Readonly<Record<string, string>> = {}, ...children: Child[]): SVGElement {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill<Of extends Element>(element: Of, attributes: Readonly<Record<string, string>>, children: Child[]): Of {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(
    ...children
      .filter((child) => child !== undefined)
      .map((child) => (typeof child === "number" ? String(child) : child)),
  );
  return element;
}

/** An element of index.html. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found;
}

/** Replaces text only where it differs, so that a screen reader and a selection are left alone. */
export function setText(id: string, text: string): void {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

/** Rows of a table's body; the first cell is the row's header. */
export function setRows(
  id: string,
  rows: readonly (readonly (Node | string | number | undefined)[])[],
  numbers: readonly number[] = [],
): void {
  const made = rows.map((cells) =>
    h(
      "tr",
      {},
      ...cells.map((cell, column) => {
        const attributes: Record<string, string> = numbers.includes(column) ? { class: "number" } : {};
        if (column === 0) return h("th", { scope: "row", ...attributes }, cell);
        return h("td", attributes, cell);
      }),
    ),
  );
  byId(id).replaceChildren(...made);
}

/** A digest or address: its first digits, the whole under the pointer. */
export function hex(value: string): HTMLElement {
  return h("code", { title: value }, shortName(value));
}
