#!/usr/bin/env python3
"""Records testdata/text/clean.jsonl: texts and what the publisher's prompt cleaning makes of them.

    tools/goldens/record_cleaning.py PROMPTS.csv... > testdata/text/clean.jsonl

Needs ftfy from PyPI (recorded with 6.3.1). PROMPTS.csv are prompt lists of the public Ovi repository (column text_prompt).
A line is {"text": ..., "clean": ...}; "clean" is left out where the text stays as it is.
"""
import csv
import html
import json
import random
import re
import sys

import ftfy

SENTENCES = [
    "Ein älterer Mann öffnet die Tür und grüßt: »Schön, dass Sie da sind!«", "Überall hört man Straßenlärm – und Möwen.",
    "Une élève s'étonne : « Où est-elle passée ? » Le garçon, là-bas, se tait…", "À côté du café, un vieux cœur bat.",
    "¿Dónde está el niño? ¡Mañana vendrá a España con su compañero!", "A manhã chegou; o coração e a mão do irmão não estão sós.",
    "Città perché più così: è già lunedì.", "Kråkan sitter på ån. Älven är så stilla i kväll.", "På øya blåser det, sier læreren.",
    "Žluťoučký kůň úpěl ďábelské ódy.", "Zażółć gęślą jaźń i popłynęła łódź.", "Árvíztűrő tükörfúrógép és őszi eső.",
    "Işıklı şehirde güneş doğuyor, çocuk gülüyor.", "Țara și oamenii săi își spun povești.", "Ģirts ēda ķiršus, šņāca un ļāva lietum līt.",
    "Съешь ещё этих мягких французских булок, да выпей чаю.", "Їжак каже: привіт! Ґанок порожній.", "Η θάλασσα είναι ήσυχη απόψε.",
    "海辺で少女が歌っている。波の音。", "一只红狐狸走过雪地，风声呼啸。", "바닷가에서 소녀가 노래한다.", "קול הגלים נשמע מרחוק.",
    "صوت الأمواج قادم من بعيد.", "लहरों की आवाज़ दूर से आती है।", "เสียงคลื่นดังมาจากไกล", "Sóng vỗ bờ, cô gái hát một bài ca buồn.",
    "The robot — “Unit ½” — says, <S>It’s 20°C, isn’t it?<E> 😀🎬 ★ €5 ™", "Price: £3 ± 1¢, ¾ off • ‹sale›", "naïve façade, jalapeño, crème brûlée",
]
PLAIN = [
    "", " ", "\n\t ", "A red fox walks across the snow.", "  two  spaces \t and\na tab  ", "Keep THE Case, and; punctuation!?",
    "CAFÉ… “FIANCÉE” — ‘À LA CARTE’", "„Ä“ ist ein Umlaut, »Ö« auch.", "AMANHÃ… À NOITE", "IRMÃ’S TRUCK", "ESPAÑA® ÁÉÍÓÚ™",
    "3×½ inch, Ø½ pipe, 2×¾", "à » là … é ” ’", "Úžas ÚŽASNÝ", "voilà\u00a0! « où\u00a0»", "ÇA™ Ë… Ï– Ð Ñ—", "ß… ß” groß— Spaß»",
    "Åland, Ångström, Å…, „Å“", "¡Olé! ¿Qué?", "½ liter at 5°", "© 2024 ® ™", "a‑b—c–d", "soft\u00adhyphen", "zero\u200bwidth\u200djoiner",
    "no\u00a0break\u202fspace\u2003em\u3000ideographic\u1680ogham", "next\u0085line", "line\u2028and\u2029paragraph", "a\r\nb\rc\nd",
    "\ufeffbyte order mark", "bell\x07 null\x00 delete\x7f vt\x0b ff\x0c", "sep\x1c\x1d\x1e\x1farated", "\x1b[31mred\x1b[0m and \x1b[1;32mgreen\x1b[m",
    "\x1b[ not an escape", "object\ufffc annotation\ufff9a\ufffab\ufffb", "deprecated \u206a\u206f", "rtl\u200f mark \u202ahere\u202c",
    "ﬁne ﬂuﬀy eﬃcient baﬄed ﬅ ﬆ", "Ĳsland ĳs ŉ Ǆ ǅ ǆ Ǉ ǈ ǉ Ǌ ǋ ǌ Ǳ ǲ ǳ", "æther œuvre Æ Œ", "ＬＯＵＤ　ＮＯＩＳＥＳ！", "Ｕﾀｰﾝ ｶﾞｷﾞｸﾞ ｱｲｳ", "ﾡ￠￡￥￦ ￨￩",
    "“double” ‘single’ ‚low‘ „low“ ‛reversed‟ ʼmodifier", "′prime″ ´acute` «guillemets»", "e\u0301 a\u0308 o\u0302\u0323 \u1100\u1161\u11a8 Å", "q\u0307\u0323 1\u0327",
    "\u2126 ohm \u212b angstrom \u212a kelvin", "\u0958 \u0344 \ufb2a \U0001d15e", "😀 👩‍👩‍👧 🏳️‍🌈 🏴\U000e0067\U000e0062\U000e007f", "日本語\ufe00",
    "&amp; &lt;S&gt; &quot;q&quot; &#39;s&#39; &apos;", "&amp;amp;amp;amp;lt;", "caf&eacute; &Eacute; &nbsp;x&nbsp;&hellip;", "&#233;&#xe9;&#XE9; &#8217; &#x1F600;",
    "&#128; &#150; &#129; &#0; &#xD800; &#x110000; &#99999999999; &#1; &#11; &#127; &#xFDD0; &#xFFFE;", "&#13;&#10;&#9;x", "&# &#x &#; &#x; & && &;",
    "&notit; &not &notin; &copy2024 &copy &COPY; &AMP &amp", "AT&T, R&D, Q&A; a&b;", "&semi; &colon; &lpar;x&rpar; &Tab;&NewLine;x", "&CounterClockwiseContourIntegral; &bne; &fjlig;",
    "<b>&amp;eacute;</b> &amp;lt;", "line one &amp;eacute;\n<S>line two &amp;amp;<E>\nthree &amp;amp;lt;", "&unknown; &Eacut; &eacute &eacutex", "&lsquo;a&rsquo; &ldquo;b&rdquo; &sbquo; &bdquo;",
    "&Atilde;&copy; &acirc;&euro;&trade;", "<i>&Atilde;&copy;</i>", "&zwj;&zwnj;&shy;&ensp;&emsp;&thinsp;x", "&frac12; &times; &deg; &micro; &Omega; &alefsym;", "&#x26;#x26; &#38;amp;",
    "itâ€™s â€œquotedâ€\x9d â€” â€“ â€¦", "itâ\x80\x99s â\x80\x9cquotedâ\x80\x9d", "cafÃ© naÃ¯ve Ã  la", "Ã–sterreich, Ã…rhus, Ã‰tude", "NoÃ«l aoÃ»t maÃ®tre", "20Â°C Â£5 Â© Â½ Â«xÂ» Â·",
    "ÃƒÂ© ÃƒÆ’Ã‚Â©", "Ã¢â‚¬â„¢", "naïve cafÃ©", "â€™ and é", "ðŸ˜€ ðŸŽ¬", "âœ“ âœ” â˜… â†’ âˆž", "ï»¿text", "Ð¿Ñ€Ð¸Ð²ÐµÑ‚", "æ—¥æœ¬èªž", "í•œêµ\xadì–´", "x\x85y \x91z\x92 \x80",
    "caf\u00c3\u00a9 \u201cquotes\u201d", "SÃO PAULO", "ÃÕ ÂÊÎ", "Ã", "Â", "â€", "Ã©", "Â ", "Ã€ bientÃ´t", "L’ÉTÉ… d’ÊTRE", "mÃ¼ssen wÃ¤re schÃ¶n groÃŸ",
    "Å¡Å¾ Ä\x8d Ä‡", "Å\x81Ã³dÅº", "GÃ¶teborg\nplain é line\nMalmÃ¶",
]
PIECES = ["a", "Word", "é", "Ñ", "“x”", "’s", " ", "  ", "\t", "\n", "\u00a0", "&amp;", "&eacute;", "&#39;", "<S>", "<E>", "&lt;", "ﬁ", "Ａ", "…", "—",
          "Ã©", "â€™", "Â°", "e\u0301", "\u200b", "\r\n", "日本", "😀", ".", "&", ";", "\ufeff", "½", "Audio:", "<AUDCAP>"]


def publisher_cleaning(text):
    text = html.unescape(html.unescape(ftfy.fix_text(text)))
    return re.sub(r"\s+", " ", text.strip()).strip()


def texts(paths):
    for path in paths:
        with open(path, encoding="utf-8", newline="") as file:
            yield from (row["text_prompt"] for row in csv.DictReader(file))
    yield from PLAIN
    for sentence in SENTENCES:
        yield sentence
        yield sentence.upper()
        misread = sentence.encode("utf-8").decode("sloppy-windows-1252")
        yield misread
        yield misread.encode("utf-8").decode("sloppy-windows-1252")
        yield sentence.encode("utf-8").decode("latin-1")
        yield "".join(f"&#{ord(c)};" if ord(c) > 127 else c for c in sentence)
    generator = random.Random(7)
    for _ in range(80):
        yield "".join(generator.choice(PIECES) for _ in range(generator.randint(2, 14)))


def main(paths):
    for text in dict.fromkeys(texts(paths)):
        clean = publisher_cleaning(text)
        print(json.dumps({"text": text} if clean == text else {"text": text, "clean": clean}, ensure_ascii=True))


if __name__ == "__main__":
    main(sys.argv[1:])
