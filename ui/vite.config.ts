import { defineConfig } from "vite";

// React comes from Airflow's globals, so the script holds this package's code alone.
export default defineConfig({
  oxc: { jsx: { runtime: "classic" } },
  build: {
    outDir: "../airflow_provider_harvest/plugins/static",
    emptyOutDir: true,
    target: "es2022",
    minify: true,
    reportCompressedSize: true,
    lib: { entry: "src/main.tsx", formats: ["es"], fileName: () => "harvest.js" },
  },
});
