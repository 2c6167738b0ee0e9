// Sound as a WAV file: 16-bit PCM, one channel.

export const kVoiceRate = 16_000;  // Hz; what speaker encoders listen at

/** @param {Float32Array} samples -1 to 1 @param {number} rate Hz @returns {Blob} */
export function wavOf(samples, rate) {
  const bytes = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  writeHeader(bytes, samples.length, rate);
  samples.forEach((sample, i) => {
    const clipped = Math.max(-1, Math.min(1, sample));
    bytes.setInt16(44 + 2 * i, Math.round(clipped * 32767), true);
  });
  return new Blob([bytes], {type: 'audio/wav'});
}

function writeHeader(bytes, count, rate) {
  const text = (at, letters) => [...letters].forEach((letter, i) => bytes.setUint8(at + i, letter.charCodeAt(0)));
  const word = (at, value) => bytes.setUint32(at, value, true);
  const half = (at, value) => bytes.setUint16(at, value, true);
  text(0, 'RIFF');
  word(4, 36 + 2 * count);
  text(8, 'WAVEfmt ');
  word(16, 16);       // bytes of this part
  half(20, 1);        // PCM
  half(22, 1);        // channels
  word(24, rate);
  word(28, 2 * rate); // bytes per second
  half(32, 2);        // bytes per frame
  half(34, 16);       // bits
  text(36, 'data');
  word(40, 2 * count);
}

/** @param {Float32Array} samples @param {number} from Hz @param {number} to Hz @returns {Promise<Float32Array>} */
export async function resample(samples, from, to) {
  if (from === to || samples.length === 0) return samples;
  const context = new OfflineAudioContext(1, Math.ceil(samples.length * to / from), to);
  const buffer = context.createBuffer(1, samples.length, from);
  buffer.copyToChannel(samples, 0);
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(context.destination);
  source.start();
  return (await context.startRendering()).getChannelData(0);
}
