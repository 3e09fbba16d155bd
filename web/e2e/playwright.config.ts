import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "stories",
  globalSetup: "./seed.ts",
  outputDir: "../../target/stories",
  // Two cores, and each story has a server of its own.
  workers: 2,
  fullyParallel: true,
  // A story that needs its second try passes, and is named as flaky in the sum: look at it.
  retries: 1,
  forbidOnly: true,
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  use: {
    actionTimeout: 30_000,
    // What everybody in a story that failed had before them.
    screenshot: "only-on-failure",
    locale: "zh-CN",
    timezoneId: "Asia/Shanghai",
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      executablePath: "/usr/bin/chromium",
      chromiumSandbox: false,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
