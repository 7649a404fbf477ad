import type {Legend} from '../../charts/plot.ts';

/** What stands around the plot in a saved picture. */
export interface Frame {
  readonly title: string | undefined;
  readonly legend: Legend | undefined;
  readonly caption: string;
}

const svgNames = 'http://www.w3.org/2000/svg';
const padding = 20;
/** What a shape looks like away from the page's style sheet. */
const painted = [
  'fill', 'fill-opacity', 'stroke', 'stroke-opacity', 'stroke-width', 'stroke-dasharray', 'stroke-linejoin', 'stroke-linecap', 'stroke-miterlimit',
  'opacity', 'font-family', 'font-size', 'font-weight', 'font-variant-numeric', 'text-anchor', 'dominant-baseline', 'paint-order', 'visibility', 'white-space',
] as const; // prettier-ignore

function inline(from: Element, to: Element): void {
  const style = getComputedStyle(from);
  const parent = from.parentElement === null ? undefined : getComputedStyle(from.parentElement);
  // A style that an element inherits is not written again, so that a line chart stays small.
  const said = painted.flatMap((name) =>
    parent?.getPropertyValue(name) === style.getPropertyValue(name) &&
    from.getAttribute(name) === null &&
    name !== 'opacity'
      ? []
      : [`${name}:${style.getPropertyValue(name)}`],
  );
  for (const name of [...painted, 'class', 'style']) to.removeAttribute(name);
  if (said.length > 0) to.setAttribute('style', said.join(';'));
  [...from.children].forEach((child, i) => {
    const copy = to.children[i];
    if (copy !== undefined) inline(child, copy);
  });
}

function element(name: string, attributes: Readonly<Record<string, string | number>>, text = ''): SVGElement {
  const made = document.createElementNS(svgNames, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.textContent = text;
  return made;
}

/** Text broken at spaces so that each line fits. */
function wrapped(text: string, width: number, measure: CanvasRenderingContext2D): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ').filter(Boolean)) {
    const last = lines.at(-1);
    if (last !== undefined && measure.measureText(`${last} ${word}`).width <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The drawn plot as a file of its own: title, legend and caption in it, every style written out, on the page's background. */
export function toSvg(
  plot: SVGSVGElement,
  frame: Frame,
): {readonly text: string; readonly width: number; readonly height: number} {
  const page = getComputedStyle(plot);
  const resolved = (color: string): string => {
    const probe = Object.assign(document.createElement('i'), {style: `color:${color}`});
    plot.parentElement?.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };
  const width = plot.width.baseVal.value;
  const font = page.fontFamily;
  const [ink, quiet, ground] = [resolved('var(--text)'), resolved('var(--muted)'), resolved('var(--surface)')];
  const pen = document.createElement('canvas').getContext('2d');
  if (pen === null) throw new Error('This browser draws no canvas.');
  const parts: SVGElement[] = [];
  let y = padding;
  const say = (text: string, size: number, color: string, weight = 400): void => {
    pen.font = `${weight} ${size}px ${font}`;
    for (const line of wrapped(text, width, pen)) {
      y += size * 1.4;
      parts.push(
        element(
          'text',
          {
            x: padding,
            y: Math.round(y - size * 0.4),
            fill: color,
            'font-size': size,
            'font-weight': weight,
            'font-family': font,
          },
          line,
        ),
      );
    }
  };
  if (frame.title !== undefined) {
    say(frame.title, 15, ink, 600);
    y += 6;
  }
  if (frame.legend !== undefined) {
    const {legend} = frame;
    pen.font = `12px ${font}`;
    let x = padding;
    const put = (text: string, color: string): void => {
      parts.push(element('text', {x, y: y + 10, fill: color, 'font-size': 12, 'font-family': font}, text));
      x += pen.measureText(text).width + 14;
    };
    if (legend.label !== '') put(legend.label, quiet);
    if (legend.kind === 'swatches') {
      for (const item of legend.items) {
        if (x + 16 + pen.measureText(item.label).width > width + padding && x > padding) [x, y] = [padding, y + 18];
        parts.push(element('rect', {x, y, width: 11, height: 11, rx: 2, fill: resolved(item.color)}));
        x += 16;
        put(item.label, ink);
      }
    } else {
      put(legend.from, ink);
      x -= 6;
      legend.colors.forEach((color, i) =>
        parts.push(element('rect', {x: x + i * 18, y, width: 18, height: 11, fill: color})),
      );
      x += legend.colors.length * 18 + 8;
      put(legend.to, ink);
    }
    y += 24;
  }
  // What the shapes inherit from the plot they inherit from this group instead.
  const drawn = element('g', {
    transform: `translate(${padding},${Math.round(y)})`,
    style: painted.map((name) => `${name}:${page.getPropertyValue(name)}`).join(';'),
  });
  for (const child of plot.children) {
    if (child.tagName === 'style') continue;
    const copy = document.importNode(child, true);
    inline(child, copy);
    drawn.append(copy);
  }
  parts.push(drawn);
  y += plot.height.baseVal.value;
  if (frame.caption !== '') {
    y += 4;
    say(frame.caption, 12, quiet);
  }
  const [outer, tall] = [width + 2 * padding, Math.ceil(y + padding)];
  const svg = element('svg', {xmlns: svgNames, viewBox: `0 0 ${outer} ${tall}`, width: outer, height: tall});
  svg.append(element('rect', {width: outer, height: tall, fill: ground}), ...parts);
  return {text: new XMLSerializer().serializeToString(svg), width: outer, height: tall};
}

/** The same picture in pixels, two for each CSS pixel. */
export async function toPng(plot: SVGSVGElement, frame: Frame): Promise<Blob> {
  const {text, width, height} = toSvg(plot, frame);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = Object.assign(document.createElement('canvas'), {width: width * 2, height: height * 2});
  const pen = canvas.getContext('2d');
  if (pen === null) throw new Error('This browser draws no canvas.');
  pen.scale(2, 2);
  pen.drawImage(image, 0, 0);
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) => (blob === null ? reject(new Error('The picture is too large for this browser.')) : resolve(blob)),
      'image/png',
    ),
  );
}
