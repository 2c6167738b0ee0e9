// The spectrogram of a sound: powers of a short-time Fourier transform.

/**
 * Radix-2 transform in place.
 * @param {Float32Array} re
 * @param {Float32Array} im both of a length that is a power of 2
 */
export function transform(re, im) {
  const n = re.length;
  for (let i = 1, j = 0; i < n; ++i) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
  }
  for (let size = 2; size <= n; size *= 2) butterflies(re, im, size);
}

function butterflies(re, im, size) {
  const half = size / 2;
  for (let k = 0; k < half; ++k) {
    const angle = -2 * Math.PI * k / size;
    const c = Math.cos(angle);
    const s = Math.sin(angle);
    for (let i = k; i < re.length; i += size) {
      const j = i + half;
      const x = re[j] * c - im[j] * s;
      const y = re[j] * s + im[j] * c;
      re[j] = re[i] - x;
      im[j] = im[i] - y;
      re[i] += x;
      im[i] += y;
    }
  }
}

/**
 * Loudness by time and pitch: bands at equal distances in mel (HTK's formula, 2595 log10(1 + f / 700)), the strongest
 * bin of each.
 * @param {Float32Array} samples @param {number} rate Hz @param {{columns: number, bands: number, size?: number}} shape
 * @returns {Float32Array} [columns, bands] in dB below full scale, low bands first; column c is centred at (c + 0.5) /
 * columns of the sound
 */
export function spectrogram(samples, rate, {columns, bands, size = 1024}) {
  const result = new Float32Array(columns * bands).fill(-120);
  const edges = bandEdges(rate, bands, size);
  const window = Float32Array.from({length: size}, (_, i) => 0.5 - 0.5 * Math.cos(2 * Math.PI * i / size));
  const re = new Float32Array(size);
  const im = new Float32Array(size);
  for (let column = 0; column < columns; ++column) {
    const start = Math.round((column + 0.5) / columns * samples.length - size / 2);
    for (let i = 0; i < size; ++i) re[i] = (samples[start + i] ?? 0) * window[i];
    im.fill(0);
    transform(re, im);
    for (let band = 0; band < bands; ++band) {
      result[column * bands + band] = loudest(re, im, edges[band], edges[band + 1], size / 4);
    }
  }
  return result;
}

/** In dB; a sine at full scale has the amplitude size / 4 under a Hann window. */
function loudest(re, im, from, to, full) {
  let power = 0;
  for (let k = from; k < Math.max(to, from + 1); ++k) power = Math.max(power, re[k] * re[k] + im[k] * im[k]);
  return 10 * Math.log10(power / (full * full) + 1e-12);
}

function bandEdges(rate, bands, size) {
  const top = 2595 * Math.log10(1 + rate / 2 / 700);
  const hertz = (mel) => 700 * (10 ** (mel / 2595) - 1);
  return Int32Array.from({length: bands + 1}, (_, i) => Math.round(hertz(top * i / bands) / rate * size));
}

/**
 * The lowest and highest sample of each column.
 * @param {Float32Array} samples @param {number} columns @returns {{low: Float32Array, high: Float32Array}}
 */
export function peaks(samples, columns) {
  const low = new Float32Array(columns);
  const high = new Float32Array(columns);
  for (let column = 0; column < columns; ++column) {
    const end = Math.floor((column + 1) / columns * samples.length);
    for (let i = Math.floor(column / columns * samples.length); i < end; ++i) {
      low[column] = Math.min(low[column], samples[i]);
      high[column] = Math.max(high[column], samples[i]);
    }
  }
  return {low, high};
}
