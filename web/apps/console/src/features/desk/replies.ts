import type { Page, Stored } from "@yingda/wire";
import { shallowRef } from "vue";
import { api } from "../../api";
import { said } from "../../i18n";

/** Shared replies and one's own; read once, and again when a reply was changed. */
export const replies = shallowRef<Stored<"reply">[] | null>(null);
let reading: Promise<void> | null = null;

export function readReplies(again = false): Promise<void> {
  if (again) reading = null;
  reading ??= api
    .get<Page<Stored<"reply">>>("/records/reply", { query: { limit: 500 } })
    .then((page) => void (replies.value = page.items))
    .catch((error: unknown) => {
      reading = null;
      throw error;
    });
  return reading;
}

export const titleOf = (reply: Stored<"reply">): string => said(reply.record.title) || reply.record.shortcut;
