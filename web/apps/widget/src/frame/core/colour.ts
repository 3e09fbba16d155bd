// The company's accent, made readable: WCAG AA whatever colour an administrator picks.

type Rgb = [number, number, number];

export function parse(hex: string): Rgb | null {
  const found = /^#?([0-9a-f]{6})$/i.exec(hex.trim());
  if (!found) return null;
  const number = parseInt(found[1]!, 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

export const hex = (rgb: Rgb) => "#" + rgb.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("");

export function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: Rgb, b: Rgb): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [17, 20, 23];
const AA = 4.5;

/** Moves a colour toward white or black until it can be read on `ground`. */
export function readable(colour: Rgb, ground: Rgb): Rgb {
  const goal = luminance(ground) > 0.2 ? BLACK : WHITE;
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = colour.map((part, at) => part + (goal[at]! - part) * share) as Rgb;
    if (contrast(mixed, ground) >= AA) return mixed;
  }
  return goal;
}

export type Palette = { accent: string; ink: string; link: string; linkDark: string };

/** A little darker, and most accents carry white text; only light ones take near-black. */
export function palette(accent: string): Palette {
  const base = parse(accent) ?? parse("#0b7a86")!;
  const ink = contrast(WHITE, base) >= 3 ? WHITE : BLACK;
  return {
    accent: hex(readable(base, ink)),
    ink: hex(ink),
    link: hex(readable(base, [242, 244, 246])),
    linkDark: hex(readable(base, [38, 45, 51])),
  };
}
