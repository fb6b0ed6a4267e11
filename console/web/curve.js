// Small curves: the last minute of a figure.

import { mark, svg } from './dom.js';

/** The path of `values` in a box; a gap where there is none. */
export function line(values, width, height, top, pad = 1.5) {
  const step = values.length > 1 ? width / (values.length - 1) : width;
  let path = '';
  let open = false;
  values.forEach((value, index) => {
    if (value === null || value === undefined) {
      open = false;
      return;
    }
    const x = (index * step).toFixed(1);
    const y = (height - pad - (height - 2 * pad) * Math.min(1, value / top)).toFixed(1);
    // A point by itself is drawn as a short stroke.
    const alone = !open && (values[index + 1] === null || values[index + 1] === undefined);
    path += open ? `L${x} ${y}` : alone ? `M${Math.max(0, x - 1)} ${y}h2` : `M${x} ${y}`;
    open = true;
  });
  return path;
}

/** Each stroke of a path, closed along the foot of the box. */
function filled(path, height) {
  const strokes = path.split('M').filter((stroke) => stroke.includes('L'));
  return strokes.map((stroke) => `M${stroke}V${height}H${stroke.split(' ')[0]}Z`).join('') || 'M0 0';
}

/** A curve of one figure that is drawn again and again. */
export class Curve {
  constructor(width, height, filled = false) {
    this.width = width;
    this.height = height;
    this.stroke = svg('path', { class: 'stroke', 'vector-effect': 'non-scaling-stroke' });
    this.area = filled ? svg('path', { class: 'area' }) : null;
    this.node = svg('svg', {
      class: 'curve',
      viewBox: `0 0 ${width} ${height}`,
      preserveAspectRatio: 'none',
      'aria-hidden': 'true',
    });
    if (this.area) this.node.append(this.area);
    this.node.append(this.stroke);
  }

  draw(values, top = Math.max(1e-9, ...values.filter((value) => value !== null))) {
    const path = line(values, this.width, this.height, top);
    mark(this.stroke, 'd', path || 'M0 0');
    if (this.area) mark(this.area, 'd', path ? filled(path, this.height) : 'M0 0');
  }
}
