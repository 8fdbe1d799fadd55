// spdlog's pattern language (https://github.com/gabime/spdlog/wiki/Custom-formatting), and Envoy's %_ and %j.

export interface LogRecord {
  readonly time: Date;
  readonly level: string;
  readonly logger: string;
  readonly text: string;
  readonly file: string;
  readonly line: number;
  /** The kernel's number of the thread. */
  readonly thread: number;
}

export type Pattern = (record: LogRecord) => string;
type Flag = (record: LogRecord) => string;

const two = (value: number) => String(value).padStart(2, "0");
const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const letters: Readonly<Record<string, string>> = {
  trace: "T",
  debug: "D",
  info: "I",
  warning: "W",
  error: "E",
  critical: "C",
  off: "O",
};

const hour12 = (time: Date) => two(time.getHours() % 12 === 0 ? 12 : time.getHours() % 12);
const clock = (time: Date) => `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
const half = (time: Date) => (time.getHours() < 12 ? "AM" : "PM");
const shortDate = (time: Date) =>
  `${two(time.getMonth() + 1)}/${two(time.getDate())}/${two(time.getFullYear() % 100)}`;

function zone(time: Date): string {
  const minutes = -time.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

const milliseconds = (time: Date) => String(time.getMilliseconds()).padStart(3, "0");

const flags: Readonly<Record<string, Flag>> = {
  v: ({ text }) => text,
  _: ({ text }) => text.replaceAll("\n", "\\n"),
  j: ({ text }) => JSON.stringify(text).slice(1, -1),
  "+": ({ text }) => text,
  t: ({ thread }) => String(thread),
  P: () => String(process.pid),
  n: ({ logger }) => logger,
  l: ({ level }) => level,
  L: ({ level }) => letters[level] ?? level,
  g: ({ file }) => file,
  s: ({ file }) => file.slice(file.lastIndexOf("/") + 1),
  "#": ({ line }) => String(line),
  "@": ({ file, line }) => `${file}:${line}`,
  "!": () => "",
  "^": () => "",
  $: () => "",
  "%": () => "%",
  a: ({ time }) => days[time.getDay()]!.slice(0, 3),
  A: ({ time }) => days[time.getDay()]!,
  b: ({ time }) => months[time.getMonth()]!.slice(0, 3),
  h: ({ time }) => months[time.getMonth()]!.slice(0, 3),
  B: ({ time }) => months[time.getMonth()]!,
  c: ({ time }) =>
    `${days[time.getDay()]!.slice(0, 3)} ${months[time.getMonth()]!.slice(0, 3)} ${time.getDate()} ${clock(time)} ${time.getFullYear()}`,
  C: ({ time }) => two(time.getFullYear() % 100),
  Y: ({ time }) => String(time.getFullYear()),
  D: ({ time }) => shortDate(time),
  x: ({ time }) => shortDate(time),
  m: ({ time }) => two(time.getMonth() + 1),
  d: ({ time }) => two(time.getDate()),
  H: ({ time }) => two(time.getHours()),
  I: ({ time }) => hour12(time),
  M: ({ time }) => two(time.getMinutes()),
  S: ({ time }) => two(time.getSeconds()),
  e: ({ time }) => milliseconds(time),
  f: ({ time }) => `${milliseconds(time)}000`,
  F: ({ time }) => `${milliseconds(time)}000000`,
  E: ({ time }) => String(Math.floor(time.getTime() / 1_000)),
  p: ({ time }) => half(time),
  r: ({ time }) => `${hour12(time)}:${two(time.getMinutes())}:${two(time.getSeconds())} ${half(time)}`,
  R: ({ time }) => `${two(time.getHours())}:${two(time.getMinutes())}`,
  T: ({ time }) => clock(time),
  X: ({ time }) => clock(time),
  z: ({ time }) => zone(time),
};

const width_max = 64;

/** A flag may have a width: %8l is set to the right, %-8l to the left, %=8l in the middle, %3!l is also cut. */
export function pattern(format: string): Pattern {
  const parts: Flag[] = [];
  let at = 0;
  for (const match of format.matchAll(/%([-=]?)(\d{0,3})(!(?=[^\d]))?(.)/gs)) {
    const flag = flags[match[4]!];
    if (flag === undefined) continue;
    const before = format.slice(at, match.index);
    if (before !== "") parts.push(() => before);
    parts.push(match[2] === "" ? flag : padded(flag, match[1]!, Number(match[2]), match[3] === "!"));
    at = match.index + match[0].length;
  }
  const rest = format.slice(at);
  if (rest !== "") parts.push(() => rest);
  return (record) => {
    let line = "";
    for (const part of parts) line += part(record);
    return line;
  };
}

function padded(flag: Flag, side: string, wanted: number, cut: boolean): Flag {
  const width = Math.min(wanted, width_max);
  return (record) => {
    const text = flag(record);
    if (text.length >= width) return cut ? text.slice(0, width) : text;
    if (side === "-") return text.padEnd(width);
    return side === "="
      ? text.padStart(text.length + Math.floor((width - text.length) / 2)).padEnd(width)
      : text.padStart(width);
  };
}
