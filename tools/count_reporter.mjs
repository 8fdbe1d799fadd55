// A node:test reporter that prints the run's figures as JSON: {passed, failed}.
import { Transform } from "node:stream";

// Node loads a reporter by its default export.
// biome-ignore lint/style/noDefaultExport: see above
export default new Transform({
  writableObjectMode: true,
  transform({ type, data }, _encoding, done) {
    if (type !== "test:summary" || data.file !== undefined) return done();
    const { passed, tests, skipped, todo } = data.counts;
    done(null, JSON.stringify({ passed, failed: tests - passed - skipped - todo }));
  },
});
