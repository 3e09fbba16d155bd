import vue from "@vitejs/plugin-vue";
import { ElementPlusResolver } from "unplugin-vue-components/resolvers";
import components from "unplugin-vue-components/vite";
import { defineConfig } from "vite";

const server = process.env.YINGDA ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "/console/",
  plugins: [vue(), components({ dirs: [], dts: false, resolvers: [ElementPlusResolver({ importStyle: "css" })] })],
  server: { port: 5173, proxy: { "/api": { target: server, ws: true }, "/demo": server, "/widget": server } },
  build: { target: "es2022", chunkSizeWarningLimit: 700 },
});
