/** What the person is about to insert: a canned reply, a colleague, an emoji. */
export interface Wish {
  type: "reply" | "colleague" | "emoji";
  query: string;
  /** Where the sign stands in the text; everything from there to the caret is replaced. */
  from: number;
}

const SIGNS: [Wish["type"], RegExp][] = [
  ["reply", /(?:^|\s)[/、／]([^\s/]*)$/u],
  ["colleague", /(?:^|\s)[@＠]([^\s@]*)$/u],
  ["emoji", /(?:^|\s)[:：]([\p{L}_]{1,20})$/u],
];

/** Reads the text before the caret. The signs count at the beginning or after a blank only, in either width. */
export function wish(before: string): Wish | null {
  for (const [type, sign] of SIGNS) {
    const found = sign.exec(before);
    if (found) return { type, query: (found[1] ?? "").toLowerCase(), from: before.length - (found[1] ?? "").length - 1 };
  }
  return null;
}

export const EMOJI: { char: string; words: string }[] = [
  { char: "😊", words: "smile 微笑 happy 开心" },
  { char: "😄", words: "laugh grin 大笑 哈哈" },
  { char: "🙂", words: "slight 笑" },
  { char: "😉", words: "wink 眨眼" },
  { char: "😅", words: "sweat 汗 尴尬" },
  { char: "😢", words: "sad cry 难过 哭" },
  { char: "😮", words: "wow surprised 惊讶" },
  { char: "🤔", words: "think 思考" },
  { char: "🙏", words: "thanks please pray 谢谢 感谢 拜托" },
  { char: "👍", words: "ok good thumbsup yes 赞 好的" },
  { char: "👌", words: "fine okay 可以" },
  { char: "👏", words: "clap 鼓掌" },
  { char: "🤝", words: "deal handshake 握手 合作" },
  { char: "💪", words: "strong 加油" },
  { char: "❤️", words: "heart love 爱心 喜欢" },
  { char: "🌹", words: "rose flower 玫瑰 花" },
  { char: "🎉", words: "party congratulations 庆祝 恭喜" },
  { char: "🎁", words: "gift present 礼物" },
  { char: "✅", words: "done check 完成 对" },
  { char: "❌", words: "no wrong 错 不" },
  { char: "⏰", words: "time alarm 时间 闹钟" },
  { char: "📦", words: "parcel package box 包裹 快递" },
  { char: "🚚", words: "truck delivery 物流 发货" },
  { char: "💰", words: "money refund 钱 退款" },
  { char: "📞", words: "phone call 电话" },
  { char: "📷", words: "photo camera 拍照 图片" },
];

export const emojiFor = (query: string) => EMOJI.filter((it) => it.words.includes(query)).slice(0, 8);
