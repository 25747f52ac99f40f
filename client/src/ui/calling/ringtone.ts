/** Two soft tones, a third apart. [Hz] */
const TONES = [659.3, 784] as const;
/** Length of one tone, and from the start of one ring to that of the next. [s] */
const TONE_S = 0.45;
const PERIOD_S = 2.4;
/** Loudness of the peak, of 1. */
const GAIN = 0.12;

let audio: AudioContext | undefined;

/** Prepares sound with the first click or key: before it browsers let no page be heard. */
export function prepareSound(): void {
  const prepare = (): void => {
    audio ??= new AudioContext();
    void audio.resume();
  };
  addEventListener('pointerdown', prepare, { once: true });
  addEventListener('keydown', prepare, { once: true });
}

/** Rings until the returned function is called. Silent when nobody has touched the page; its title blinks anyway. */
export function startRinging(): () => void {
  if (!audio) return () => undefined;
  const context = audio;
  ringOnce(context);
  const timer = setInterval(() => ringOnce(context), PERIOD_S * 1000);
  return () => clearInterval(timer);
}

function ringOnce(context: AudioContext): void {
  TONES.forEach((hertz, at) => playTone(context, hertz, context.currentTime + at * TONE_S));
}

function playTone(context: AudioContext, hertz: number, start: number): void {
  const oscillator = new OscillatorNode(context, { type: 'sine', frequency: hertz });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(GAIN, start + 0.03);
  gain.gain.exponentialRampToValueAtTime(0.001, start + TONE_S);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + TONE_S);
}
