/** The GSM 7-bit alphabet (3GPP TS 23.038), and the characters of its extension, each of which takes two places. */
const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const EXTENDED = new Set("^{}\\[~]|€\f");

/** The longest text that the gateway sends: ten parts in UCS-2. */
export const LONGEST_SMS = 670;

export interface Measured {
  /** Places that the text takes: characters, or for some of them two. */
  length: number;
  parts: number;
  /** So many places fit before another part begins. */
  room: number;
}

/** How an SMS is cut: 160 places alone and 153 in a part by GSM-7, 70 and 67 by UCS-2. */
export function measure(text: string): Measured {
  let septets = 0;
  for (const char of text) {
    if (BASIC.has(char)) septets += 1;
    else if (EXTENDED.has(char)) septets += 2;
    else return counted(text.length, 70, 67);
  }
  return counted(septets, 160, 153);
}

function counted(length: number, alone: number, each: number): Measured {
  const parts = length <= alone ? 1 : Math.ceil(length / each);
  return { length, parts, room: (parts === 1 ? alone : parts * each) - length };
}
