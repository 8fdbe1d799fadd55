/**
 * An RE2 pattern as JavaScript's. What only the other has is rewritten (`(?i)`, `(?P<name>`, `\A`, `\z`,
 * `[[:digit:]]`, `\Q…\E`); look-around and back references, which RE2 refuses, are refused.
 */
export function re2(pattern: string, flags = ""): RegExp {
  let source = pattern;
  let extra = flags;
  const leading = /^\(\?([ims]+)\)/.exec(source);
  if (leading !== null) {
    source = source.slice(leading[0].length);
    extra += leading[1]!;
  }
  if (/\(\?(?:[=!]|<[=!])/.test(source)) throw new SyntaxError("invalid perl operator");
  if (/(?<!\\)(?:\\\\)*\\[1-9k]/.test(source)) throw new SyntaxError("invalid escape sequence");
  source = source
    .replace(/\\Q([\s\S]*?)(?:\\E|$)/g, (_, text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))
    .replaceAll("(?P<", "(?<")
    .replaceAll("\\A", "^")
    .replaceAll("\\z", "$")
    .replace(/\[:(\^?)(\w+):\]/g, (whole, not: string, name: string) => {
      const set = posix[name];
      return set === undefined || not !== "" ? whole : set;
    });
  return new RegExp(source, [...new Set(extra)].join(""));
}

const posix: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7F",
  blank: "\\t ",
  cntrl: "\\x00-\\x1F\\x7F",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

/** The words of RE2 where they are known: the parts of a pattern it names are not. */
export function regexFault(pattern: string): string {
  try {
    re2(pattern);
    return "";
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (/unterminated character class/i.test(text)) {
      return `missing ]: ${pattern.slice(pattern.lastIndexOf("["))}`;
    }
    if (/unterminated group/i.test(text)) return `missing ): ${pattern}`;
    if (/unmatched '\)'/i.test(text)) return `unexpected ): ${pattern}`;
    if (/nothing to repeat/i.test(text)) return "no argument for repetition operator: *";
    return text.replace(/^Invalid regular expression: /, "");
  }
}
