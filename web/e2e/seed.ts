// Loads the demo once; every story starts from a copy of it.

import { rm } from "node:fs/promises";
import { SEED, Server } from "./server.ts";

export default async function seed(): Promise<() => Promise<void>> {
  const server = await Server.start();
  await server.end();
  process.env[SEED] = server.data;
  return () => rm(server.data, { recursive: true, force: true });
}
