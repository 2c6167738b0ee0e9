// The sound of a film as samples.

/**
 * @param {ArrayBuffer} bytes of a film or a sound file
 * @returns {Promise<{samples: Float32Array, rate: number, seconds: number}|null>} all channels mixed to one; null where
 * there is no sound
 */
export async function decodeSound(bytes) {
  // An offline context decodes without a gesture of the user, and never sounds.
  const context = new OfflineAudioContext(1, 1, 48_000);
  try {
    const buffer = await context.decodeAudioData(bytes);
    return {samples: mixed(buffer), rate: buffer.sampleRate, seconds: buffer.duration};
  } catch {
    return null;
  }
}

function mixed(buffer) {
  const channels = Array.from({length: buffer.numberOfChannels}, (_, c) => buffer.getChannelData(c));
  return channels[0].map((_, i) => channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length);
}
