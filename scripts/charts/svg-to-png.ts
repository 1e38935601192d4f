// Turns charts into PNG files with a font of the project, so that they look the same on every machine.
import { fileURLToPath } from "node:url";
import { Resvg } from "@resvg/resvg-js";

const font = fileURLToPath(import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"));

/** The PNG file of an SVG document, `scale` pixels for each of its units. */
export function svgToPng(svg: string, { scale = 2 }: { scale?: number } = {}): Buffer {
  const image = new Resvg(svg, {
    fitTo: { mode: "zoom", value: scale },
    font: { fontFiles: [font], loadSystemFonts: false, defaultFontFamily: "DejaVu Sans" },
  });
  return Buffer.from(image.render().asPng());
}
