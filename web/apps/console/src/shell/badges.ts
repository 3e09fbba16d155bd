import { shallowReactive } from "vue";

/** What waits in a room, by the room's path: shown on the rail. */
export const railBadges = shallowReactive(new Map<string, number>());
