// GET /runtime and POST /runtime_modify.
import { type Endpoint, json, ok, text } from "./endpoint.ts";

export const runtime: Endpoint = {
  path: "/runtime",
  help: "print runtime values",
  answer: (_, context) => json(context.runtime.dump()),
};

export const runtimeModify: Endpoint = {
  path: "/runtime_modify",
  help: "Adds or modifies runtime values as passed in query parameters. To delete a previously added key, use an empty string as the value. Note that deletion only applies to overrides added via this endpoint; values loaded from disk can be modified via override but not deleted. E.g. ?key1=value1&key2=value2...",
  post: true,
  answer: ({ params }, context) => {
    if (params.size === 0) {
      const usage = `usage: /runtime_modify?key1=value1&key2=value2&keyN=valueN
       or send the parameters as form values
use an empty value to remove a previously added override`;
      return text(usage, 400);
    }
    return context.runtime.modify(params) ? ok : text("No admin layer specified", 503);
  },
};
