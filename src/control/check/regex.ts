/**
 * A regular expression judged without RE2: only what RE2 surely refuses is refused. The program asks RE2 itself; this
 * stands in where the native code is not loaded.
 */

/** Runs of a repeat count beyond this are refused by RE2. */
const REPEAT_MAX = 1_000;

/** What stands at `at`: a class as a whole, an escape with its letter, or one character. */
const piece =
  /\\Q[\s\S]*?(?:\\E|$)|\\(?:x\{[0-9a-fA-F]+\}|p\{[^}]*\}|P\{[^}]*\}|[\s\S])|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]|\(\?(?:P?<[A-Za-z_]\w*>|[imsU-]*:|[imsU-]+\))|\{\d+(?:,\d*)?\}[?]?|[*+?]\??|[\s\S]/gy;

function pieceFault(text: string, before: string): string | undefined {
  if (text === "\\") return "it ends with a backslash";
  if (/^\\[1-9]/.test(text)) return "RE2 has no back references";
  if (text === "[") return "[ is not closed";
  if (text === "(?" || before === "(" ? text === "?" : false) return "RE2 does not know this kind of group";
  const repeats = /^(?:[*+?]\??|\{\d)/.test(text);
  if (repeats && (before === "" || before === "(" || before === "|"))
    return `there is nothing to repeat before ${text}`;
  if (repeats && /^(?:[*+?]|\{\d)/.test(before)) return `${text} repeats a repetition`;
  const counts = /^\{(\d+)(?:,(\d*))?\}/.exec(text);
  return counts && Number(counts[2] || counts[1]) > REPEAT_MAX
    ? `repeats more than ${REPEAT_MAX} times`
    : undefined;
}

export function regexFault(pattern: string): string | null {
  let depth = 0;
  let before = "";
  for (const [text] of pattern.matchAll(piece)) {
    const fault = pieceFault(text, before);
    if (fault !== undefined) return fault;
    if (text === "(" || (text.startsWith("(?") && !text.endsWith(")"))) depth++;
    if (text === ")" && --depth < 0) return ") has no ( before it";
    before = text.startsWith("(") && !text.endsWith(")") ? "(" : text;
  }
  return depth > 0 ? "( is not closed" : null;
}
