"""What people say who agree, and who do not, in five languages.

Nothing is in `agrees` or `accepts` that has a second meaning after "May I …?": *it's
okay*, *passt schon* and *c'est bon* say no, thank you; *si* without an accent is *if*.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrases:
    """What people say in one language, each list separated by commas.

    Case and punctuation do not matter; accents do, as they tell words apart.

    Attributes:
        agrees: a yes.
        accepts: a yes unless something of `closes` stands beside it: *okay*, but not
            *okay, thanks*, which ends many a talk in which nothing was agreed to.
        refuses: a no.
        beside: changes nothing beside a yes or a no, and is neither by itself.
        closes: changes nothing beside a clear yes or a no.
    """

    agrees: str
    accepts: str = ""
    refuses: str = ""
    beside: str = ""
    closes: str = ""


MOCKING = "ja ja, ja ja ja, ja ja ja ja, yeah yeah, yeah yeah yeah"
"""Answers that are made of a yes, and mock; *ja ja* is how Spaniards laugh, too."""

ENGLISH = Phrases(
    agrees="""yes, yeah, yep, yup, aye, yes I do, I do yes, yes I am, yes it is, sure,
    sure thing, for sure, of course, of course you can, of course you may, absolutely,
    definitely, certainly, by all means, go ahead, go right ahead, please do, do it,
    just do it, do that, and do it, and do that, go for it, let's do it, let's do that,
    yes let's, you may, yes you can, you can do that, you may do that, agreed, I agree,
    I confirm, I approve, I consent, confirmed, approved, affirmative, proceed,
    that's right, that is right, that's correct, that is correct, correct, exactly,
    yes indeed, that works for me, works for me, fine by me, that's fine by me,
    that's okay with me, I'm fine with that, I am fine with that, I'm okay with that,
    I'm happy with that, I'd like that, I would like that, I'd love that, I want that,
    that's what I want, I give you permission, I'm okay with it, sounds good,
    sounds good to me, you have my permission, you have my consent, you bet""",
    accepts="okay, ok, okey, all right, alright, very well",
    refuses="""no, no no, nope, nah, no way, never, never mind, don't, please don't,
    don't do it, don't do that, do not, do not do that, please do not, absolutely not,
    of course not, certainly not, definitely not, not now, not today, stop, cancel that,
    forget it, leave it, I'd rather not, rather not, I do not, I don't, I don't agree,
    I do not agree, I disagree, I refuse, I don't want that, I don't want it,
    I don't want to, hell no, no wait""",
    beside="""please, um, uh, er, erm, well, now, right now, sir, ma'am, madam,
    no problem, go on, make it so, that's fine, that is fine, that's fine with me,
    it's fine with me, that sounds good, that would be great, that would be good,
    that's good, great, fine, good, that's okay, that's all right, I'm sure,
    very much""",
    closes="thanks, thank you, thanks a lot, thank you very much, oh, ah, then",
)

GERMAN = Phrases(
    agrees="""ja, jawohl, jawoll, jo, jep, gerne, gern, sehr gerne, sehr gern,
    aber gerne, aber gern, natürlich, klar, na klar, aber klar, ja sicher, aber sicher,
    ganz sicher, selbstverständlich, auf jeden fall, unbedingt, definitiv, absolut,
    einverstanden, ich bin einverstanden, ich bin damit einverstanden,
    damit bin ich einverstanden, machen Sie das, machen Sie es, machen Sie das ruhig,
    machen Sie ruhig, mach das, mach es, mach ruhig, tun Sie das, tun Sie es, tu das,
    nur zu, so machen wir das, so machen wir's, machen wir, das geht in Ordnung,
    geht in Ordnung, das geht klar, geht klar, dürfen Sie, das dürfen Sie, Sie dürfen,
    Sie dürfen das, Sie dürfen das machen, so ist es, darfst du, das darfst du,
    du darfst, das können Sie machen,
    Sie können das machen, das kannst du machen, genau, richtig, das ist richtig,
    das stimmt, stimmt, korrekt, das ist korrekt, ich stimme zu, ich stimme dem zu,
    ich bestätige, ich bestätige das, ich bestätige es, bestätigt, ja ich will das,
    ja das will ich, ja das möchte ich, das wäre nett, das passt mir""",
    accepts="okay, ok, in Ordnung, das ist in Ordnung, das passt, passt, ist gut",
    refuses="""nein, nein nein, nee, nö, ne, auf keinen fall, auf gar keinen fall,
    niemals, nie, natürlich nicht, sicher nicht, bestimmt nicht, bitte nicht,
    lieber nicht, lassen Sie das, lassen Sie es, lass das, lass es, lass mal,
    machen Sie das nicht, mach das nicht, tun Sie das nicht, das möchte ich nicht,
    das will ich nicht, ich will das nicht, ich möchte das nicht,
    ich bin nicht einverstanden, ich bin damit nicht einverstanden, stopp, stop, halt,
    jetzt nicht, nicht jetzt, kommt nicht in frage, schon gut, vergessen Sie es,
    vergessen Sie's, das dürfen Sie nicht, Sie dürfen nicht""",
    beside="""bitte, äh, ähm, jetzt, gleich, sofort, sehr gut, gut, super, prima,
    kein problem, das wäre gut, das wäre super, das ist okay, alles klar, bitte sehr""",
    closes="danke, danke schön, danke sehr, vielen dank, ach, ach so, oh, ah, dann",
)

FRENCH = Phrases(
    agrees="""oui, oui oui, ouais, mais oui, oui allez, bien sûr, bien sur,
    bien entendu, mais bien sûr, naturellement, je suis d'accord, allez y, vas y,
    allons y, absolument, tout à fait, certainement, volontiers, avec plaisir,
    avec joie, c'est ça, c'est bien ça, exactement, c'est exact, exact, c'est correct,
    faites le, faites donc, fais le, faites, vous pouvez, vous pouvez y aller,
    vous pouvez le faire, tu peux, tu peux y aller, je confirme, je le confirme,
    je valide, j'accepte, je suis pour, je veux bien, évidemment, effectivement,
    ça me va, ça me convient, ça marche, c'est bon pour moi""",
    accepts="d'accord, c'est d'accord, ok, okay, entendu, c'est entendu, parfait",
    refuses="""non, non non, mais non, pas du tout, surtout pas, bien sûr que non,
    absolument pas, certainement pas, jamais, jamais de la vie, laissez,
    laissez tomber, laisse tomber, ne faites pas ça, ne le faites pas,
    je ne suis pas d'accord, je suis pas d'accord, pas d'accord, pas maintenant,
    je ne veux pas, je veux pas, je n'accepte pas, je refuse, arrêtez, stop,
    hors de question, il n'en est pas question, pas la peine, vous ne pouvez pas""",
    beside="""s'il vous plaît, s'il vous plait, s'il te plaît, euh, maintenant,
    tout de suite, très bien, bien, c'est bon, c'est parfait, pas de problème,
    pas de souci, je suis sûr, je suis sûre, je vous en prie, madame, monsieur""",
    closes="merci, merci beaucoup, merci bien, ah, eh bien, bon, alors",
)

SPANISH = Phrases(
    agrees="""sí, sí sí, si por favor, si gracias, si claro, si vale, claro,
    claro que sí, por supuesto, por supuesto que sí, desde luego, desde luego que sí,
    adelante, estoy de acuerdo, hágalo, hazlo, puede hacerlo, puedes hacerlo, sí puede,
    sí puedes, puede proceder, proceda, correcto, es correcto, eso es correcto, exacto,
    exactamente, efectivamente, así es, eso es, acepto, lo acepto, confirmo,
    lo confirmo, confirmado, lo autorizo, autorizo, con mucho gusto, con gusto,
    me parece bien, me va bien, dale, cómo no""",
    accepts="vale, de acuerdo, perfecto, ok, okay, okey, sin problema, venga",
    refuses="""no, no no, que no, claro que no, por supuesto que no,
    desde luego que no, de ninguna manera, ni hablar, nunca, jamás, no lo haga,
    no lo hagas, déjelo, déjalo, no estoy de acuerdo, no quiero, no lo quiero, ahora no,
    mejor no, para nada, olvídelo, olvídalo, no puede, no puede hacerlo, no acepto,
    pare, alto, tampoco""",
    beside="""por favor, eh, ahora, ahora mismo, está bien, muy bien, bien,
    no hay problema, estoy seguro, estoy segura, señor, señora, señorita""",
    closes="gracias, muchas gracias, ah, ya, pues, bueno, entonces",
)

ITALIAN = Phrases(
    agrees="""sì, sì sì, si per favore, si grazie, si certo, si va bene, certo,
    certo che sì, ma certo, ma certo che sì, certamente, sicuramente, assolutamente sì,
    sono d'accordo, proceda, proceda pure, procedi, procedi pure, procediamo,
    faccia pure, fai pure, lo faccia, lo faccia pure, fallo, fallo pure, facciamolo,
    facciamo così, può farlo, puoi farlo, sì può, sì puoi, esatto, esattamente, giusto,
    è giusto, corretto, è corretto, confermo, lo confermo, confermato, accetto,
    lo autorizzo, autorizzo, volentieri, naturalmente, senz'altro, vada pure, vai pure,
    per me va bene, mi va bene, ci sto""",
    accepts="va bene, va benissimo, d'accordo, ok, okay, perfetto",
    refuses="""no, no no, certo che no, assolutamente no, per niente, mai,
    non lo faccia, non lo fare, non sono d'accordo, non voglio, non lo voglio,
    non va bene, adesso no, ora no, meglio di no, lasci stare, lascia stare,
    lascia perdere, non può, non può farlo, non accetto, non confermo, si fermi, ferma,
    fermi, basta, no va bene così, come no""",
    beside="""per favore, per cortesia, ehm, eh, adesso, ora, subito, benissimo, bene,
    molto bene, nessun problema, non c'è problema, senza problemi, assolutamente, prego,
    la prego, tutto corretto, signora, signore""",
    closes="grazie, grazie mille, ah, oh, allora",
)
