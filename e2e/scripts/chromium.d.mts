export function inPath(name: string): string | undefined;
export function findChromium(): string | undefined;
export function findTurnServer(): string | undefined;
export function ensureBrowser(): boolean;
