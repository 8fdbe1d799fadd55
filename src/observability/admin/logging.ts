// POST /logging: shows and changes the levels of the application's loggers.
import { type Level, type Log, levelOf, levels, loggerNames } from "../log.ts";
import { type Endpoint, text } from "./endpoint.ts";

const usage = `
usage: /logging?<name>=<level> (change single level)
usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)
usage: /logging?level=<level> (change all levels)
usage: /logging?group=<group_name>:<level> (change group of loggers)
levels: ${levels.join(" ")} 
`;

export const logging: Endpoint = {
  path: "/logging",
  help: "query/change logging levels",
  post: true,
  params: [
    {
      name: "paths",
      help: "Change multiple logging levels by setting to <logger_name1>:<desired_level1>,<logger_name2>:<desired_level2>. If fine grain logging is enabled, use __FILE__ or a glob experision as the logger name. For example, source/common*:warning",
    },
    {
      name: "group",
      help: "Change given logger group to desired level, set to <logger_group_name>:<desired_level>. logger_group_name must be a logger name.",
    },
    {
      name: "level",
      help: "desired logging level, this will change all loggers's level",
      choices: ["", ...levels],
    },
  ],
  answer: ({ params }, { log }) => {
    const fault = change(log, [...params]);
    const list = loggerNames.map((name) => `  ${name}: ${log.level(name)}\n`).join("");
    const loggers = `active loggers:\n${list}\n`;
    return fault === "" ? text(loggers) : text(`error: ${fault}\n${usage}${loggers}`, 400);
  },
};

/** Empty when all is well; then all changes were made, otherwise none. */
function change(log: Log, params: readonly (readonly [string, string])[]): string {
  if (params.length === 0) return "";
  if (params.length > 1) return "invalid number of parameters";
  const [name, value] = params[0]!;
  if (name === "group") return "group parameter requires fine-grain logging to be enabled";
  if (name === "level" || name === "paths") {
    if (value === "") return "";
    return name === "paths" ? changePaths(log, value) : changeAll(log, value);
  }
  const level = levelOf(value);
  if (level === undefined) return "unknown logger level";
  return log.setLevel(name, level) ? "" : "unknown logger name";
}

function changeAll(log: Log, value: string): string {
  const level = levelOf(value);
  if (level === undefined) return "unknown logger level";
  log.setAll(level);
  return "";
}

function changePaths(log: Log, paths: string): string {
  const changes: [string, Level][] = [];
  for (const part of paths.split(",")) {
    const colon = part.lastIndexOf(":");
    const name = part.slice(0, Math.max(colon, 0));
    const value = part.slice(colon + 1);
    if (name === "" || value === "") return "empty logger name or empty logger level";
    const level = levelOf(value);
    if (level === undefined) return "unknown logger level";
    if (!loggerNames.some((known) => known === name)) return "unknown logger name";
    changes.push([name, level]);
  }
  for (const [name, level] of changes) log.setLevel(name, level);
  return "";
}
