"""Sentences in many languages, each with the encodings that its files are in where they are not in UTF-8."""

from __future__ import annotations

# ruff: noqa: RUF001 - letters of other alphabets, as they are written

CYRILLIC = ("cp1251", "koi8-r", "iso8859-5", "cp866", "mac_cyrillic")
WESTERN = ("cp1252", "iso8859-15", "mac_roman", "cp850")
CENTRAL = ("cp1250", "iso8859-2", "cp852")
BALTIC = ("cp1257", "iso8859-13")

LANGUAGES: dict[str, tuple[tuple[str, ...], str]] = {
    "Russian": (
        CYRILLIC,
        (
            "Доставка заняла три недели, коробка пришла мятая и пустая. Я позвонил в магазин, но мне никто не ответил. "
            "Потом прислали новую посылку, и на этот раз всё было в порядке. Цена высокая, но качество хорошее. "
            "Спасибо вежливому продавцу за помощь и терпение!"
        ),
    ),
    "Ukrainian": (
        ("cp1251", "koi8-u", "iso8859-5"),
        (
            "Посилка їхала три тижні, і коробка була зім'ята. Я зателефонував до крамниці, але ніхто не відповів. "
            "Потім надіслали нову, і цього разу все було гаразд. Ціна висока, проте якість добра. Дякую за допомогу!"
        ),
    ),
    "Bulgarian": (
        ("cp1251", "iso8859-5", "mac_cyrillic"),
        (
            "Пратката пътува три седмици и кутията беше смачкана. Обадих се в магазина, но никой не отговори. "
            "После изпратиха нова и този път всичко беше наред. Цената е висока, но качеството е добро. Благодаря!"
        ),
    ),
    "Serbian": (
        ("cp1251", "iso8859-5"),
        (
            "Пошиљка је путовала три недеље и кутија је била згужвана. Звао сам продавницу, али се нико није јавио. "
            "После су послали нову и овога пута је све било у реду. Цена је висока, али је квалитет добар. Хвала вам!"
        ),
    ),
    "Greek": (
        ("cp1253", "iso8859-7", "mac_greek"),
        (
            "Η παράδοση κράτησε τρεις εβδομάδες και το κουτί έφτασε τσαλακωμένο. Τηλεφώνησα στο κατάστημα, αλλά κανείς "
            "δεν απάντησε. Άλλη φορά έστειλαν καινούργιο και όλα ήταν εντάξει. Η τιμή είναι υψηλή, η ποιότητα καλή."
        ),
    ),
    "Turkish": (
        ("cp1254", "iso8859-9", "mac_turkish", "cp857"),
        (
            "Teslimat üç hafta sürdü ve kutu ezilmiş geldi. Mağazayı aradım ama kimse cevap vermedi. Sonra yenisini "
            "gönderdiler ve bu sefer her şey yolundaydı. Fiyatı yüksek ama kalitesi iyi, çok teşekkür ederim. "
            "İyi ki almışım, ışığı da güzel."
        ),
    ),
    "Polish": (
        CENTRAL,
        (
            "Przesyłka szła trzy tygodnie i pudełko było pogniecione. Zadzwoniłem do sklepu, ale nikt nie odebrał. "
            "Później wysłali nową i tym razem wszystko było w porządku. Cena jest wysoka, lecz jakość dobra. "
            "Dziękuję za pomoc i życzliwość, źle nie jest!"
        ),
    ),
    "Czech": (
        CENTRAL,
        (
            "Zásilka byla na cestě tři týdny a krabice přišla pomačkaná. Volal jsem do obchodu, ale nikdo to nezvedl. "
            "Potom poslali novou a tentokrát bylo všechno v pořádku. Cena je vysoká, ale kvalita dobrá. "
            "Děkuji za pomoc, příště určitě nakoupím zase u vás. Žluťoučký kůň úpěl."
        ),
    ),
    "Slovak": (
        CENTRAL,
        (
            "Zásielka putovala tri týždne a krabica prišla pokrčená. Volal som do obchodu, ale nikto to nezdvihol. "
            "Potom poslali novú a tentoraz bolo všetko v poriadku. Cena je vysoká, no kvalita dobrá. "
            "Ďakujem za pomoc, ľúbi sa mi to, môžem len odporúčať."
        ),
    ),
    "Hungarian": (
        CENTRAL,
        (
            "A csomag három hétig úton volt, és a doboz összegyűrődött. Felhívtam az üzletet, de senki sem vette föl. "
            "Később küldtek egy újat, és ezúttal minden rendben volt. Az ára magas, de a minősége jó. "
            "Köszönöm a segítséget, örülök, hogy végül működő készüléket kaptam tőlük."
        ),
    ),
    "Romanian": (
        CENTRAL,
        (
            "Coletul a mers trei săptămâni şi cutia a venit îndoită. Am sunat la magazin, dar nu a răspuns nimeni. "
            "Apoi au trimis unul nou şi de data aceasta totul a fost în ordine. Preţul este mare, însă "
            "calitatea e bună. "
            "Mulţumesc pentru ajutor şi răbdare!"
        ),
    ),
    "Croatian": (
        CENTRAL,
        (
            "Pošiljka je putovala tri tjedna i kutija je došla zgužvana. Zvao sam trgovinu, ali se nitko nije javio. "
            "Poslije su poslali novu i ovoga puta sve je bilo u redu. Cijena je visoka, ali je kvaliteta dobra. "
            "Hvala na pomoći, već sam naručio još jednu, sviđa mi se žuta boja."
        ),
    ),
    "Lithuanian": (
        BALTIC,
        (
            "Siuntinys keliavo tris savaites, o dėžė atėjo suglamžyta. Skambinau į parduotuvę, bet niekas neatsiliepė. "
            "Vėliau atsiuntė naują ir šį kartą viskas buvo gerai. Kaina aukšta, bet kokybė puiki. "
            "Ačiū už pagalbą ir kantrybę, žinoma, pirksiu dar kartą."
        ),
    ),
    "Latvian": (
        BALTIC,
        (
            "Sūtījums ceļoja trīs nedēļas, un kaste atnāca saburzīta. Zvanīju uz veikalu, bet neviens neatbildēja. "
            "Vēlāk atsūtīja jaunu, un šoreiz viss bija kārtībā. Cena ir augsta, taču kvalitāte laba. "
            "Paldies par palīdzību un pacietību, noteikti pirkšu vēlreiz!"
        ),
    ),
    "Estonian": (
        (*BALTIC, "cp1252"),
        (
            "Pakk oli kolm nädalat teel ja karp jõudis kohale kortsus. Helistasin poodi, aga keegi ei võtnud vastu. "
            "Hiljem saadeti uus ja seekord oli kõik korras. Hind on kõrge, kuid kvaliteet hea. Aitäh abi eest, "
            "šokolaad "
            "oli väga hõrk ja öö ilus."
        ),
    ),
    "German": (
        WESTERN,
        (
            "Für die Gäste gab es süße Brötchen, Käse und heiße Milch. Die Lieferung dauerte drei Wochen, und die "
            "Schachtel war zerdrückt. Später schickte man eine neue, und diesmal war alles in Ordnung. "
            "Der Preis ist höher als früher, die Qualität dafür schön gleichmäßig."
        ),
    ),
    "French": (
        WESTERN,
        (
            "Le colis a voyagé trois semaines et la boîte est arrivée abîmée. J'ai appelé le magasin, mais "
            "personne n'a "
            "répondu. Après, ils en ont envoyé un autre et cette fois tout était parfait. Le prix est élevé, la "
            "qualité "
            "très bonne. Merci à l'équipe, ça m'a beaucoup aidé, même à Noël."
        ),
    ),
    "Spanish": (
        WESTERN,
        (
            "El paquete tardó tres semanas y la caja llegó aplastada. Llamé a la tienda, pero nadie contestó. "
            "¿Qué pasó? "
            "Después enviaron otro y esta vez todo salió bien. El precio es alto, pero la calidad también. "
            "¡Muchas gracias por la ayuda del señor Núñez, volveré mañana!"
        ),
    ),
    "Portuguese": (
        WESTERN,
        (
            "A encomenda demorou três semanas e a caixa chegou amassada. Liguei para a loja, mas ninguém atendeu. "
            "Depois enviaram outra e desta vez não houve problema. O preço é alto, mas a qualidade também é ótima. "
            "Obrigado pela atenção e pela informação, até amanhã, irmão."
        ),
    ),
    "Italian": (
        WESTERN,
        (
            "Il pacco è arrivato dopo tre settimane e la scatola era schiacciata. Ho chiamato il negozio, però "
            "nessuno ha "
            "risposto. Poi ne hanno spedito un altro e così è andato tutto bene. Il prezzo è alto, ma la qualità c'è. "
            "Grazie, perché l'aiuto è stato utile più volte."
        ),
    ),
    "Swedish": (
        WESTERN,
        (
            "Paketet var på väg i tre veckor och lådan kom fram tillknycklad. Jag ringde affären, men ingen svarade. "
            "Sedan skickade de en ny och den här gången var allt rätt. Priset är högt, men kvaliteten är bra. "
            "Tack för hjälpen, jag är nöjd och köper gärna igen på lördag."
        ),
    ),
    "Danish": (
        WESTERN,
        (
            "Pakken var tre uger undervejs, og æsken kom frem krøllet. Jeg ringede til butikken, men ingen svarede. "
            "Så sendte de en ny, og denne gang gik det godt. Prisen er høj, men kvaliteten er også i orden. "
            "Tak for hjælpen på lørdag, jeg køber gærne igen."
        ),
    ),
    "Finnish": (
        WESTERN,
        (
            "Lähetys oli kolme viikkoa matkalla ja laatikko tuli perille rutussa. Soitin kauppaan, mutta kukaan ei "
            "vastannut. Myöhemmin he lähettivät uuden ja tällä kertaa kaikki oli hyvää. Hinta on kova, mutta "
            "laatu hyvä. "
            "Kiitos avusta, työ tehtiin ystävällisesti."
        ),
    ),
    "Icelandic": (
        ("cp1252", "mac_iceland", "cp861"),
        (
            "Pakkinn var þrjár vikur á leiðinni og kassinn kom krumpaður. Ég hringdi í búðina en enginn svaraði. Síðan "
            "sendu þeir nýjan og þá var allt í lagi. Verðið er hátt en gæðin góð. Þakka þér fyrir hjálpina, ég kaupi "
            "örugglega aftur."
        ),
    ),
    "Hebrew": (
        ("cp1255", "iso8859-8"),
        (
            "המשלוח לקח שלושה שבועות והקופסה הגיעה מעוכה. התקשרתי לחנות אבל אף אחד לא ענה. אחר כך שלחו חדשה והפעם הכול "
            "היה בסדר. המחיר גבוה אבל האיכות טובה. תודה רבה על העזרה והסבלנות!"
        ),
    ),
    "Arabic": (
        ("cp1256", "iso8859-6"),
        (
            "استغرق التوصيل ثلاثة أسابيع ووصل الصندوق مسحوقا. اتصلت بالمتجر ولكن لم يجب أحد. ثم أرسلوا واحدا "
            "جديدا وكان "
            "كل شيء على ما يرام هذه المرة. السعر مرتفع ولكن الجودة جيدة. شكرا على المساعدة والصبر"
        ),
    ),
    "Thai": (
        ("cp874",),
        (
            "การจัดส่งใช้เวลาสามสัปดาห์และกล่องมาถึงในสภาพยับเยิน ฉันโทรไปที่ร้านแต่ไม่มีใครรับสาย "
            "หลังจากนั้นพวกเขาส่งของใหม่มาและคราวนี้ทุกอย่างเรียบร้อยดี ราคาสูงแต่คุณภาพดี ขอบคุณมากสำหรับความช่วยเหลือ"
        ),
    ),
    "Vietnamese": (
        ("cp1258",),
        (
            "Gói hàng đi mất ba tuần và hộp đến nơi bị bẹp. Tôi gọi cho cửa hàng nhưng không ai trả lời. Sau đó họ gửi "
            "cái mới và lần này mọi thứ đều ổn. Giá cao nhưng chất lượng tốt. Cảm ơn đã giúp đỡ và kiên nhẫn."
        ),
    ),
    "Japanese": (
        ("shift_jis", "cp932", "euc_jp", "iso2022_jp"),
        (
            "配送に三週間かかり、箱はつぶれて届きました。店に電話しましたが、誰も出ませんでした。"
            "その後、新しいものを送ってくれて、今度は問題なく使えています。値段は高いですが、品質は良いです。"
            "サポートの方、ありがとうございました。"
        ),
    ),
    "Simplified Chinese": (
        ("gbk", "gb18030", "hz"),
        (
            "快递花了三个星期，箱子到的时候已经压扁了。我给商店打了电话，但是没有人接。"
            "后来他们寄了一个新的，这次一切都很好。价格很高，不过质量不错。谢谢客服的帮助和耐心。"
        ),
    ),
    "Traditional Chinese": (
        ("big5", "cp950"),
        (
            "快遞花了三個星期，箱子到的時候已經壓扁了。我打電話給商店，但是沒有人接。"
            "後來他們寄了一個新的，這次一切都很好。價格很高，不過品質不錯。謝謝客服的幫助和耐心。"
        ),
    ),
    "Korean": (
        ("euc_kr", "cp949", "johab"),
        (
            "배송이 삼 주나 걸렸고 상자는 찌그러진 채로 도착했습니다. 가게에 전화했지만 아무도 받지 않았습니다. "
            "나중에 새 제품을 보내 주었고 이번에는 괜찮았습니다. 값은 비싸지만 품질은 좋습니다. 도와주셔서 감사합니다."
        ),
    ),
}


def samples() -> list[tuple[str, str, str, str]]:
    """Give each language in each of its encodings, in four lengths: (language, encoding, length, text)."""
    return [
        (language, encoding, length, text)
        for language, (encodings, whole) in LANGUAGES.items()
        for length, text in _lengths(whole).items()
        for encoding in encodings
        if not text.isascii() and _fits(text, encoding)
    ]


def _lengths(whole: str) -> dict[str, str]:
    unspaced = whole.count(" ") < len(whole) // 20
    few = whole[:6] if unspaced else " ".join(whole.split()[:3])
    end = min(at for mark in ".。" if (at := whole.find(mark)) > 0) if any(mark in whole for mark in ".。") else 60
    return {"words": few, "sentence": whole[: end + 1], "review": whole, "page": "\r\n".join([whole] * 8)}


def _fits(text: str, encoding: str) -> bool:
    try:
        return text.encode(encoding).decode(encoding) == text
    except UnicodeError:
        return False
