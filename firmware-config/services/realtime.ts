/**
 * Real-time priorities (SCHED_RR). keepalived stands above the media: two real-time hogs above it caused a false
 * takeover, eight normal ones none (continuity rule 8).
 */
export const REALTIME = { keepalived: 60, rtpengine: 40 } as const;
