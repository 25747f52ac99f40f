/** Numbers measured one by one, in 8 bytes each. */
export class Samples {
  #values = new Float64Array(64);
  #size = 0;
  #sum = 0;
  /** The values in order, until the next one comes. */
  #sorted: Float64Array | undefined;

  static of(values: Iterable<number>): Samples {
    const samples = new Samples();
    for (const value of values) samples.add(value);
    return samples;
  }

  get size(): number {
    return this.#size;
  }

  /** In the order in which they came. */
  get values(): number[] {
    return [...this.#values.subarray(0, this.#size)];
  }

  /** 0 for none. */
  get mean(): number {
    return this.#size === 0 ? 0 : this.#sum / this.#size;
  }

  add(value: number): void {
    if (this.#size === this.#values.length) {
      const longer = new Float64Array(2 * this.#size);
      longer.set(this.#values);
      this.#values = longer;
    }
    this.#values[this.#size++] = value;
    this.#sum += value;
    this.#sorted = undefined;
  }

  /** The value below which `share` of the values lie (nearest rank), 0 for none. */
  percentile(share: number): number {
    this.#sorted ??= this.#values.slice(0, this.#size).sort();
    return this.#sorted[Math.min(this.#size - 1, Math.max(0, Math.ceil(share * this.#size) - 1))] ?? 0;
  }

  /** How many values fall into each of `bins` equal steps of `width` from 0 on; the last takes all beyond. */
  histogram(width: number, bins: number): number[] {
    const counts = Array.from({ length: bins }, () => 0);
    for (let i = 0; i < this.#size; i++) {
      const bin = Math.min(bins - 1, Math.floor((this.#values[i] as number) / width));
      counts[bin] = (counts[bin] as number) + 1;
    }
    return counts;
  }
}

/** The mean of `values`, 0 for none. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The population standard deviation of `values`, 0 for none. */
export function spread(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

export function rounded(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

/** `part` of `whole` as a share, null when there is no whole. */
export function shareOf(part: number, whole: number, digits = 5): number | null {
  return whole === 0 ? null : rounded(part / whole, digits);
}
