/** What the file validator tells whoever runs it. */
export type LogLevel = "error" | "warn" | "info" | "debug";

export type Log = (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>) => void;
