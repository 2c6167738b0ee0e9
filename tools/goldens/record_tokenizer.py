#!/usr/bin/env python3
"""Makes testdata/text/tiny_spiece.model and records tokens.jsonl: texts and the ids that Ovi's tokenizer gives them.

    tools/goldens/record_tokenizer.py testdata/text

Needs sentencepiece, protobuf, ftfy and transformers from PyPI, the last as Ovi pins it (recorded with sentencepiece 0.2.3,
ftfy 6.3.1, transformers 4.51.3, tokenizers 0.21.1). The model is an unigram model like UMT5's: the same normaliser, the same
special ids, no byte fallback, and in the tokenizer's configuration the same 304 special tokens with the same flags.
A line is {"text": ..., "ids": [...], "cut": tokens beyond the 512 that the text encoder reads, if any}.
"""
import io
import json
import sys
import tempfile
from pathlib import Path

import sentencepiece
from record_cleaning import publisher_cleaning
from transformers import T5TokenizerFast

TRAINING = [
    "A red rubber ball falls onto a wooden floor and bounces twice.", "The ball hits the metal plate with a bright ring.",
    "A young woman in a blue coat looks at the camera and says, <S>We are late again.<E>", "He answers quietly, <S>No, we are not.<E>",
    "Audio: Rain on a tin roof, distant thunder, footsteps on gravel.", "Audio: A calm male voice, soft piano, no other sound.",
    "<AUDCAP>Wind in the trees, birds far away, a door closes.<ENDAUDCAP>", "<AUDCAP>Clear female voice, street noise.<ENDAUDCAP>",
    "The scene opens on a close-up of an old man at a kitchen table.", "Two people are walking along the beach at sunset; waves roll in.",
    "The camera moves slowly from left to right while she speaks.", "It's raining, isn't it? Don't worry: we'll wait here.",
    "In the background, a crowd is cheering and a band plays loud music.", "A dog barks at the postman, then runs back to the house.",
    "Close-up shot of hands playing a piano, warm light, 24 frames per second.", "The robot says, <S>Hello, world! Is anybody there?<E>",
    "A glass of water stands on the table; the light is 20% brighter at 10:45.", "Une élève s'étonne : où est passé le garçon ?",
    "À côté du café, un vieux cœur bat très fort.", "Ein älterer Mann öffnet die Tür und grüßt freundlich.",
    "Überall hört man Straßenlärm und Möwen.", "¿Dónde está el niño? ¡Mañana vendrá con su compañero!",
    "A manhã chegou; o coração e a mão do irmão não estão sós.", "Zażółć gęślą jaźń i popłynęła łódź.",
    "Съешь ещё этих мягких французских булок, да выпей чаю.", "Мужчина открывает дверь и говорит тихо.",
    "Η θάλασσα είναι ήσυχη απόψε.", "海辺で少女が歌っている。波の音が聞こえる。", "一只红狐狸走过雪地，风声呼啸。",
    "女孩看着镜头说，<S>我们又迟到了。<E>", "一个红球落在木地板上，弹了两下。", "바닷가에서 소녀가 노래한다.", "Sóng vỗ bờ, cô gái hát một bài ca buồn.",
    "Numbers 0 1 2 3 4 5 6 7 8 9 and signs + - * / = ( ) [ ] { } # @ & ~ ^ _ | \\ \" ' ` $ %", "UPPER CASE LETTERS: ABCDEFGHIJKLMNOPQRSTUVWXYZ.",
    "Balls are falling, a ball fell, they fall; bouncing and bounced, a bouncy ball.", "Speaking, a speaker speaks; the speech is spoken softly.",
    "Walker, walking, walked: the walkers walk along a walkway.", "Lighter, lighting, highlights, lights: the lighthouse lightens the night.",
    "Raining, rainy, a raincoat and a rainbow; thundering thunderstorms.", "Wooden woods, woodland, a woodpecker; metallic metals and plates.",
    "Cameras, cameraman; framing, framed, frames; closer and closest.", "Playing pianos, players played; musical musicians make music.",
    "Quietly, quieter, loudly, louder; a loudspeaker and a background singer.", "Hearing, heard, hears; watching, watched, watches the watcher.",
    "Women and men, a woman's coat, a man's coat, the postman's coat.", "Opens, opened, opening, doors, doorways, closing, closed, closes.",
    "Вода, водой, водный; говорит, говорила, говорят; открыл, открыла.", "Türen, Haustür, geöffnet, öffnen; älter, ältere; Straßen, Straßenbahn.",
    "红球，木球，木地板，地板上，雪地，雪地上，女孩，男孩，孩子们。", "歌う、歌った、歌っている、少女、海、海辺、波、波の音。",
    "lower case letters: abcdefghijklmnopqrstuvwxyz <s> </s> <pad>",
]
TEXTS = [
    "", " ", "\t\n", "a", "A red rubber ball falls onto a wooden floor.", "   leading and trailing   ", "two  spaces\tand a tab\nand a\r\nbreak",
    "She says, <S>We are late again.<E> He nods. <S>No!<E>", "<S>Hello<E>", "<AUDCAP>Rain on a tin roof.<ENDAUDCAP>", "Audio: Rain on a tin roof.",
    "It’s a “quoted” line — isn’t it…", "Tom &amp; Jerry &lt;S&gt;run&lt;E&gt; &eacute;", "&amp;lt;S&amp;gt; caf&eacute;", "ＦＵＬＬ　ＷＩＤＴＨ　１２３！", "＜Ｓ＞Hi＜Ｅ＞",
    "Straße, Größe, Möwe", "cafe\u0301 A\u030angstro\u0308m n\u0303", "x\u0302 q\u0307\u0323 combining without a composed form", "Å Ω K ohm and kelvin signs: \u212b \u2126 \u212a",
    "ﬁne ﬂow oﬃce", "½ cup, 5 ㎏, ² ³ №5 ™ ℃ ㍿ ①②③", "Ⅳ. Akt, ㊗ 〒 ㌔", "𝐁𝐨𝐥𝐝 𝒔𝒄𝒓𝒊𝒑𝒕 𝟙𝟚𝟛", "一只红狐狸走过雪地，风声呼啸。", "女孩说，<S>我们又迟到了。<E>", "海辺で少女が歌っている。", "ｶﾞﾗｽ ﾊﾟﾝ",
    "바닷가에서 소녀가", "Съешь ещё этих мягких булок.", "и\u0306 е\u0308 decomposed Cyrillic", "Η θάλασσα είναι ήσυχη.", "Zażółć gęślą jaźń.", "Sóng vỗ bờ", "עברית ועוד", "صوت الأمواج", "เสียงน้ำ กำลัง", "हिन्दी में",
    "😀", "a 😀 b", "😀😀 🎬🎬", "👩‍👩‍👧 family, 🏳️‍🌈 flag, 1️⃣", "zero\u200bwidth\u200djoin\u2060er soft\u00adhyphen", "no\u00a0break\u202fspace\u2003em\u3000ideographic", "bell\x07 and \x1b[31mred\x1b[0m",
    "cafÃ© itâ€™s", "<s>", "</s>", "<pad>", "<unk>", "<extra_id_0>", "<extra_id_299>", "<extra_id_300>", "<extra_id_07>", "<s>Hello</s>", "Hello</s>", "</s>Hello", "one</s>two", "one</s></s>two <pad><unk>three",
    "<S>Hello</s>", "<s", "s>", "<<s>>", "< s >", "<s ><S><e><E>", "x <extra_id_1>", "<extra_id_1> y", "a<extra_id_10>b<extra_id_1>c", "＜s＞ full-width", "mixed <Pad> <UNK> <Extra_id_0>",
    "http://example.org/a_b?c=d&e=f#g", "C:\\temp\\x.txt", "a-b_c~d^e|f`g", "100% of $5.00 (about)", "1,234,567.89", "ALL CAPS AND lower", "naïve façade, jalapeño, crème brûlée", "......!!!???", "\\n is not a break",
    "under_score▁mark", "O\u0308zgu\u0308r I\u0307stanbul ı", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "漢字仮名交じり文は語彙の外", "中文 中文 龘龘 中文",
    " ".join(TRAINING), "龘 " * 400, "A red ball. " * 200, "</s>" * 600, "x" * 3000,
]


def train():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TRAINING), model_writer=model, model_type="unigram", vocab_size=640, hard_vocab_limit=False, character_coverage=1.0,
        normalization_rule_name="nmt_nfkc", byte_fallback=False, pad_id=0, eos_id=1, bos_id=2, unk_id=3, num_threads=1, minloglevel=2)
    return model.getvalue()


def special(content):
    return {"content": content, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}


def publisher_tokenizer(model, folder):
    """HuggingFace's fast tokenizer of this model, configured as google/umt5-xxl."""
    (folder / "spiece.model").write_bytes(model)
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model).get_piece_size()
    sentinels = [f"<extra_id_{i}>" for i in range(300)]
    tokens = {i: special(name) for i, name in enumerate(["<pad>", "</s>", "<s>", "<unk>"])}
    tokens |= {pieces + 299 - i: special(name) for i, name in sorted(enumerate(sentinels), reverse=True)}
    config = {"added_tokens_decoder": tokens, "additional_special_tokens": sentinels, "bos_token": "<s>", "clean_up_tokenization_spaces": True,
              "eos_token": "</s>", "extra_ids": 300, "pad_token": "<pad>", "sp_model_kwargs": {}, "spaces_between_special_tokens": False,
              "tokenizer_class": "T5Tokenizer", "unk_token": "<unk>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    tokenizer = T5TokenizerFast.from_pretrained(folder)
    for id, token in tokenizer.added_tokens_decoder.items():
        assert token.content == tokens[id]["content"] and not (token.lstrip or token.rstrip or token.normalized), token
    return tokenizer


def main(folder):
    model = train()
    (folder / "tiny_spiece.model").write_bytes(model)
    with tempfile.TemporaryDirectory() as temporary, open(folder / "tokens.jsonl", "w", encoding="ascii") as file:
        tokenizer = publisher_tokenizer(model, Path(temporary))
        for text in dict.fromkeys(TEXTS):
            clean = publisher_cleaning(text)
            entry = {"text": text, "ids": tokenizer(clean, truncation=True, max_length=512)["input_ids"]}
            cut = len(tokenizer(clean)["input_ids"]) - len(entry["ids"])
            print(json.dumps(entry | ({"cut": cut} if cut else {})), file=file)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
