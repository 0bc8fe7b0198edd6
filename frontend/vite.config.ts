import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";

const here = import.meta.dirname;

/** One SVG sprite with the icons named in src/icons.json, so that a page loads only what is used. */
function sprite(): Plugin {
  const list = join(here, "src/icons.json");
  return {
    name: "sprite",
    buildStart() {
      this.addWatchFile(list);
    },
    generateBundle() {
      const names: string[] = JSON.parse(readFileSync(list, "utf8"));
      const symbols = names.map((name) => {
        const svg = readFileSync(join(here, `node_modules/lucide-static/icons/${name}.svg`), "utf8");
        const drawing = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
        return `<symbol id="${name}" viewBox="0 0 24 24">${drawing.replace(/\s+/g, " ").trim()}</symbol>`;
      });
      const source = `<svg xmlns="http://www.w3.org/2000/svg"><!-- lucide, ISC licence -->${symbols.join("")}</svg>`;
      this.emitFile({ type: "asset", name: "icons.svg", source });
      this.emitFile({ type: "asset", name: "favicon.svg", source: readFileSync(join(here, "src/favicon.svg")) });
    },
  };
}

/** manifest.json: {"main.js": "main-4f2a.js"}, what `watchbill/web/bundle.py` reads. */
function manifest(): Plugin {
  return {
    name: "manifest",
    enforce: "post",
    generateBundle(_options, bundle) {
      const files: Record<string, string> = {};
      for (const part of Object.values(bundle)) {
        if (part.type === "chunk") {
          if (part.isEntry) files[`${part.name}.js`] = part.fileName;
        } else {
          for (const name of part.names) files[name] = part.fileName;
        }
      }
      this.emitFile({ type: "asset", fileName: "manifest.json", source: JSON.stringify(files, null, 1) });
    },
  };
}

export default defineConfig({
  base: "./",
  root: join(here, "src"),
  plugins: [sprite(), manifest()],
  worker: { format: "es" },
  build: {
    outDir: process.env["WATCHBILL_BUNDLE"] ?? join(here, "../src/watchbill/web/static/dist"),
    emptyOutDir: true,
    assetsDir: "",
    assetsInlineLimit: 0,
    modulePreload: false,
    target: "es2023",
    // The first browsers with light-dark(): nothing is rewritten for older ones.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    rollupOptions: { input: { main: join(here, "src/main.ts") } },
  },
});
