import { defineConfig } from "vitest/config";

export default defineConfig({
  oxc: { jsx: { runtime: "classic" } },
  test: { setupFiles: ["test/host.ts"], include: ["test/**/*.test.{ts,tsx}"] },
});
