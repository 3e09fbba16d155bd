import type { Name } from "@yingda/wire";
import { namesOf } from "../../floor/names";

/** Channels that people carry out themselves: what comes there is taken down by a colleague. */
export const arrivalChannels = (): Name[] => namesOf("channel").filter((it) => it.medium === "letter" || it.medium === "walkin");
