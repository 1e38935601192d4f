// A party's event as a line of NDJSON with its time (ISO 8601, UTC), for collectors that have no clock of their own.

export function eventLine(event: object, now: Date = new Date()): string {
  return `${JSON.stringify({ time: now.toISOString(), ...event })}\n`;
}
