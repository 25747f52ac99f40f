/** What would end or clear the line: controls, and the separators of lines and paragraphs. */
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;

/**
 * Signs without a shape that turn the text behind them round (Unicode Standard Annex #9, 2.1 to 2.6): a name of a peer or file
 * that has one reads as another, and so does what stands behind it.
 */
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** What leaves no mark: spaces, what joins or is ignored, and the letters and the dot pattern that are drawn empty. */
const BLANK = /^[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]*$/u;

/** A text that came from others, as one line that leaves the text around it alone. */
export function plainText(text: string): string {
  return text.replace(BREAKS, ' ').replace(TURNS, '').trim();
}

/** Whether nothing of a text is seen. */
export function isBlank(text: string): boolean {
  return BLANK.test(text);
}
