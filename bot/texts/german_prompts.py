"""What is said of prompts, in German; `inference.prompt.words` has it in English."""

from collections.abc import Mapping
from types import MappingProxyType

GERMAN_PROMPTS: Mapping[str, str] = MappingProxyType(
    {
        # What cannot be made.
        "too_long": "Der Prompt hat {length} Zeichen, höchstens {most} dürfen es sein.",
        "half_a_pair": "Das ist kein gültiges Unicode: die Hälfte eines Paars, allein.",
        "too_many_texts": "AND verbindet hier {count} Texte, und höchstens {most} lassen sich zusammen malen.",
        "too_many_changes": (
            "Die Prompts wechseln über die Schritte zwischen {count} verschiedenen Texten; höchstens {most} lassen "
            "sich lesen."
        ),
        "no_network": "Hier gibt es kein {kind} mit dem Namen {name!r}.",
        "network_none": "Es ist keines installiert.",
        "network_nameless": "Dieses {kind} hat keinen Namen: Schreib <{kind}:name:1>.",
        "network_weightless": "{written!r} ist kein Gewicht: Es muss eine Zahl von -{most:g} bis {most:g} sein.",
        "network_edited": (
            "Ein Netz gilt für alle Schritte, darum kann es nicht in einem Teil stehen, der ausgetauscht wird oder "
            "abwechselt."
        ),
        "near": "Meinst du {near}?",
        "network_hypernet": (
            "Hypernetworks werden hier nicht benutzt: nimm es heraus und such ein LoRA, das dasselbe tut."
        ),
        "network_embedding": "{name!r} ist ein Embedding: schreib seinen Namen allein, ohne < und >.",
        "network_unfit": "{name!r} ist für {family} gemacht, und das Modell {model!r} ist {own}.",
        "network_fitting": "Diese passen dazu: {names}.",
        "network_models": "Es passt zu {models}.",
        "network_heavy": "Sein Gewicht ist hier {weight}, und Gewichte gehen von -{most} bis {most}.",
        "network_many": "Ein Bild nimmt höchstens {most} davon, und das ist eines zu viel.",
        "network_triggers": "{name!r} wurde mit Worten trainiert, von denen keines im Prompt steht: {triggers}.",
        "embedding_unfit": "{name!r} ist ein Embedding für {family}; {model!r} ist {own} und liest es als Wort.",
        "regions_base": "Die Basis ist ein Anteil von 0 bis 1.",
        "regions_none": "Das nennt keine Regionen.",
        "regions_ratio": "Hier sollte ein Verhältnis stehen.",
        "regions_write": (
            "Schreib „columns“ (Spalten), „rows“ (Zeilen) oder eines davon mit Verhältnissen: „columns 1:2“, "
            "„rows 2:1:1“."
        ),
        "regions_number": "Es können 2 bis {most} Regionen sein.",
        "columns_alone": "Spalten brauchen je einen Text: Verbinde sie mit AND, wie in „eine Katze AND ein Hund“.",
        "rows_alone": "Zeilen brauchen je einen Text: Verbinde sie mit AND, wie in „eine Katze AND ein Hund“.",
        "regions_many": "Es können höchstens {most} Regionen sein, und das ist eine mehr.",
        "columns_missing": "{count} Spalten brauchen {count} mit AND verbundene Texte, hier sind es {texts}.",
        "rows_missing": "{count} Zeilen brauchen {count} mit AND verbundene Texte, hier sind es {texts}.",
        "columns_extra": (
            "{count} Spalten nehmen {count} mit AND verbundene Texte, oder einen mehr, der überall gilt und zuerst "
            "kommt. Dieser hier hat keine Region."
        ),
        "rows_extra": (
            "{count} Zeilen nehmen {count} mit AND verbundene Texte, oder einen mehr, der überall gilt und zuerst "
            "kommt. Dieser hier hat keine Region."
        ),
        "prompts_many": "Das ergibt {count} Prompts, aber höchstens {most} sind auf einmal möglich.",
        "prompts_countless": "Das ergibt mehr als eine Billion Prompts, aber höchstens {most} sind auf einmal möglich.",
        "prompts_large": "Hier ist zu viel auszuschreiben: {count} Prompts aus mehr Stücken, als auf einmal gehen.",
        "choices_long": "Mit allen Auswahlen ist der Prompt länger als {most} Zeichen.",
        "choices_large": "Hier ist zu viel zu ziehen: mehr als {most} Stücke, oder Reihenfolgen von zu vielen Zeilen.",
        "wildcard_lines": "{name} steht für zu viele Zeilen, um mehrere davon zu nehmen.",
        "wildcard_choices": "Die Listen, aus denen das zieht, haben mehr als {most} Auswahlen in ihren Zeilen.",
        "wildcard_empty": "Die Liste {name} hat keine Zeilen, aus denen zu ziehen wäre.",
        "wildcard_patterns": "Hier wird aus mehr als {most} verschiedenen Namen mit * gezogen.",
        "wildcard_circle": "Die Liste {name} zieht ohne Ende aus sich selbst.",
        "wildcard_circles": "Diese Listen ziehen ohne Ende auseinander: {circle}.",
        "wildcard_none": "Es gibt keine Liste {name}.",
        "wildcard_where": "Sie steht in der Zeile „{line}“ von {name}.",
        "wildcard_as_text": "Für die Wörter selbst schreib \\{name}.",
        # What is probably a mistake.
        "more": "(Und {count} weitere dieser Art.)",
        "and_in_brackets": "AND teilt den Prompt hier, obwohl es in Klammern steht: Sie reichen nicht darüber hinweg.",
        "and_nothing": "Neben AND steht hier nichts: Ein leerer Prompt wird mit den anderen gemalt.",
        "weight_of_all": (
            "Ein Doppelpunkt und eine Zahl am Ende sind das Gewicht des ganzen Prompts, wie vor AND; damit sie Text "
            "sind, schreib etwas dahinter."
        ),
        "weight_of_prompt": "Ein Gewicht von {weight} ist mehr, als Bilder vertragen; 1 ist üblich.",
        "weight_large": "Ein Gewicht von {weight} ist mehr, als Bilder vertragen; 0.5 bis 1.5 ist üblich.",
        "weight_of_network": (
            "Ein Gewicht von {weight} für ein Netz ist mehr, als Bilder vertragen; 0 bis 1 ist üblich."
        ),
        "weight_below_zero": (
            "Ein Gewicht unter 0 tut selten, was man hofft; der negative Prompt hält Dinge aus dem Bild."
        ),
        "weight_unread": (
            "{written!r} lässt sich nicht als Gewicht lesen und ist darum Text: Schreib eine Zahl wie 1.2."
        ),
        "brackets_deep": "Klammern, die tiefer als {most} ineinander stehen, bewirken nichts mehr.",
        "bracket_open": (
            "Diese {opening} wird nie geschlossen und gewichtet darum alles danach mit {factor}; als Text schreib "
            "\\{opening}."
        ),
        "bracket_stray": (
            "Keine {opening} ist offen, die diese {closing} schließen könnte, darum ist sie Text: Schreib \\{closing}."
        ),
        "bar_stray": (
            "Dieser | steht nicht zwischen den Teilen von [a|b], darum wird in diesem Prompt nichts ausgetauscht und "
            "wechselt nichts ab; als Text schreib \\|."
        ),
        "backslash_stray": (
            "Dieser Backslash steht vor nichts, darum wird in diesem Prompt nichts ausgetauscht und wechselt nichts ab."
        ),
        "edit_early": "Das ist vor dem ersten Schritt: Was für die Schritte bis dahin dasteht, wird nie gezeigt.",
        "edit_late": (
            "Das ist nicht vor dem letzten von {steps} Schritten: Was für die Schritte danach dasteht, wird nie "
            "gezeigt."
        ),
        "edit_as_weight": "Für ein Gewicht schreib (x:1.2), in runden Klammern.",
        "edit_none": (
            "Das tauscht nichts aus, denn es ist nicht wie [von:nach:10] oder [von:nach:0.5]; es ist Text von "
            "geringerem Gewicht."
        ),
        "network_kind": (
            "Diese Art von Netz ist hier nicht bekannt, darum wird es weggelassen: lora und hypernet sind es."
        ),
        "network_unused": "{unused!r} wird hier nicht verwendet.",
        "network_negative": "Netze gehören in den Prompt; im negativen Prompt ist das Text.",
        "network_unfinished": "Dieses {kind} ist nicht vollständig und darum Text: Schreib <{kind}:name:1>.",
        "unseen": "Dieses Zeichen ist nicht zu sehen und wird doch gelesen: U+{code}, {name}.",
        "reordering": (
            "Dieses Zeichen ändert die Reihenfolge dessen, was man sieht, und wird gelesen: U+{code}, {name}."
        ),
    }
)
