// Numbers as Envoy prints them: fmt, printf's %g and std::to_chars, which differ.

function parts(value: number, digits?: number): { sign: string; mantissa: string; exponent: number } {
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential(digits));
  if (match === null) throw new RangeError(`${value} has no digits`);
  return { sign: match[1]!, mantissa: match[2]! + (match[3] ?? ""), exponent: Number(match[4]) };
}

function scientific(sign: string, mantissa: string, exponent: number): string {
  const tail = mantissa.length > 1 ? `.${mantissa.slice(1)}` : "";
  const size = String(Math.abs(exponent)).padStart(2, "0");
  return `${sign}${mantissa[0]}${tail}e${exponent < 0 ? "-" : "+"}${size}`;
}

function fixed(sign: string, mantissa: string, exponent: number): string {
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${mantissa}`;
  if (mantissa.length <= exponent + 1) return sign + mantissa.padEnd(exponent + 1, "0");
  return `${sign}${mantissa.slice(0, exponent + 1)}.${mantissa.slice(exponent + 1)}`;
}

const special = (value: number) => (Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf");

/** printf's %.{digits}g */
export function general(value: number, digits = 6): string {
  if (!Number.isFinite(value)) return special(value);
  if (value === 0) return "0";
  const { sign, mantissa, exponent } = parts(value, digits - 1);
  const short = mantissa.replace(/0+$/, "");
  return exponent < -4 || exponent >= digits
    ? scientific(sign, short, exponent)
    : fixed(sign, short, exponent);
}

/** fmt's {}: the fewest digits that read back as the same number. */
export function plain(value: number): string {
  if (!Number.isFinite(value)) return special(value);
  if (value === 0) return "0";
  const { sign, mantissa, exponent } = parts(value);
  return exponent < -4 || exponent >= 16
    ? scientific(sign, mantissa, exponent)
    : fixed(sign, mantissa, exponent);
}

/** std::to_chars: the shorter of both notations; what is not a number is JSON's null. */
export function json(value: number): string {
  if (!Number.isFinite(value)) return "null";
  if (value === 0) return "0";
  const { sign, mantissa, exponent } = parts(value);
  const short = scientific(sign, mantissa, exponent);
  const long = fixed(sign, mantissa, exponent);
  return short.length < long.length ? short : long;
}

/** A counter or gauge: 64 bits unsigned in C++, a double on the way here. */
export function integer(value: number): string {
  if (value <= Number.MAX_SAFE_INTEGER) return String(value);
  return value >= 2 ** 64 ? "18446744073709551615" : BigInt(value).toString();
}
