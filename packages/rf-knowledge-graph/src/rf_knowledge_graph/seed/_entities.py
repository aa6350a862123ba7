"""Entities of the seed: well-known names, tickers and aliases, one row each.

A row is id | name | ticker | sector | country | aliases; aliases are separated by semicolons.
Facts that change with time, such as who leads a company, are as of 2025.
"""

# ruff: noqa: E501 - a row of a table is one line

COMPANIES = """
NVIDIA | NVIDIA | NVDA | Technology | US | Nvidia Corporation; Nvidia Corp; Geforce
AMD | AMD | AMD | Technology | US | Advanced Micro Devices; Advanced Micro Devices Inc
INTEL | Intel | INTC | Technology | US | Intel Corporation; Intel Corp
TSMC | TSMC | TSM | Technology | TW | Taiwan Semiconductor Manufacturing; Taiwan Semiconductor; Taiwan Semi
APPLE | Apple | AAPL | Technology | US | Apple Inc; Apple Computer; iPhone maker
MICROSOFT | Microsoft | MSFT | Technology | US | Microsoft Corporation; Microsoft Corp; Windows maker
GOOGLE | Alphabet | GOOGL | Technology | US | Google; Alphabet Inc; GOOG; Google LLC
META | Meta Platforms | META | Technology | US | Meta; Facebook; Facebook parent; Instagram owner
AMAZON | Amazon | AMZN | Consumer Discretionary | US | Amazon.com; Amazon.com Inc; AWS; Amazon Web Services
TESLA | Tesla | TSLA | Consumer Discretionary | US | Tesla Inc; Tesla Motors
SAMSUNG | Samsung Electronics | 005930.KS | Technology | KR | Samsung
QUALCOMM | Qualcomm | QCOM | Technology | US | Qualcomm Inc
BROADCOM | Broadcom | AVGO | Technology | US | Broadcom Inc
ASML | ASML Holding | ASML | Technology | NL | ASML
MICRON | Micron Technology | MU | Technology | US | Micron
SK_HYNIX | SK Hynix | 000660.KS | Technology | KR | Hynix
ARM_HOLDINGS | Arm Holdings | ARM | Technology | GB | Arm Ltd
APPLIED_MATERIALS | Applied Materials | AMAT | Technology | US | AMAT Inc
ON_SEMICONDUCTOR | onsemi | ON | Technology | US | ON Semiconductor
DELL | Dell Technologies | DELL | Technology | US | Dell
SUPER_MICRO | Super Micro Computer | SMCI | Technology | US | Supermicro; Super Micro
ORACLE | Oracle | ORCL | Technology | US | Oracle Corporation; Oracle Corp
SALESFORCE | Salesforce | CRM | Technology | US | Salesforce Inc
SERVICENOW | ServiceNow | NOW | Technology | US |
PALANTIR | Palantir Technologies | PLTR | Technology | US | Palantir
GARTNER | Gartner | IT | Technology | US | Gartner Inc
FOXCONN | Foxconn | 2317.TW | Technology | TW | Hon Hai; Hon Hai Precision
OPENAI | OpenAI | | Technology | US | ChatGPT maker
ANTHROPIC | Anthropic | | Technology | US | Claude maker
COREWEAVE | CoreWeave | CRWV | Technology | US |
NETFLIX | Netflix | NFLX | Communication Services | US | Netflix Inc
DISNEY | Walt Disney | DIS | Communication Services | US | Disney; Walt Disney Company
ATT | AT&T | T | Communication Services | US | AT and T
JPMORGAN | JPMorgan Chase | JPM | Financials | US | JPMorgan; JP Morgan; J.P. Morgan; JPMorgan Chase & Co; Morgan
GOLDMAN_SACHS | Goldman Sachs | GS | Financials | US | Goldman; Goldman Sachs Group
MORGAN_STANLEY | Morgan Stanley | MS | Financials | US | Morgan
WELLS_FARGO | Wells Fargo | WFC | Financials | US | Wells Fargo & Co
BANK_OF_AMERICA | Bank of America | BAC | Financials | US | BofA; Bank of America Corp
CITIGROUP | Citigroup | C | Financials | US | Citi; Citibank
BERKSHIRE_HATHAWAY | Berkshire Hathaway | BRK.B | Financials | US | Berkshire; BRK.A
BLACKROCK | BlackRock | BLK | Financials | US | BlackRock Inc
VISA | Visa | V | Financials | US | Visa Inc
MASTERCARD | Mastercard | MA | Financials | US | Mastercard Inc
PAYPAL | PayPal | PYPL | Financials | US | PayPal Holdings
ALLSTATE | Allstate | ALL | Financials | US | Allstate Corp
COINBASE | Coinbase | COIN | Financials | US | Coinbase Global
STRATEGY | Strategy Inc | MSTR | Financials | US | MicroStrategy
BINANCE | Binance | | Financials | |
POLYMARKET | Polymarket | | Financials | US |
TETHER_LTD | Tether Limited | | Financials | |
CIRCLE | Circle Internet Group | CRCL | Financials | US | Circle Internet
EXXON | Exxon Mobil | XOM | Energy | US | Exxon; ExxonMobil; Exxon Mobil Corp
CHEVRON | Chevron | CVX | Energy | US | Chevron Corp
CONOCOPHILLIPS | ConocoPhillips | COP | Energy | US | Conoco
SHELL | Shell | SHEL | Energy | GB | Royal Dutch Shell; Shell plc
BP | BP | BP | Energy | GB | British Petroleum
SAUDI_ARAMCO | Saudi Aramco | 2222.SR | Energy | SA | Aramco
DELTA_AIR_LINES | Delta Air Lines | DAL | Industrials | US | Delta Airlines
UNITED_AIRLINES | United Airlines | UAL | Industrials | US | United Airlines Holdings
AMERICAN_AIRLINES | American Airlines | AAL | Industrials | US | American Airlines Group
SOUTHWEST_AIRLINES | Southwest Airlines | LUV | Industrials | US | Southwest Air
BOEING | Boeing | BA | Industrials | US | Boeing Co
AIRBUS | Airbus | AIR.PA | Industrials | FR | Airbus SE
CATERPILLAR | Caterpillar | CAT | Industrials | US | Caterpillar Inc
LOCKHEED_MARTIN | Lockheed Martin | LMT | Industrials | US | Lockheed
RTX | RTX Corporation | RTX | Industrials | US | Raytheon
GENERAL_ELECTRIC | GE Aerospace | GE | Industrials | US | General Electric
FEDEX | FedEx | FDX | Industrials | US | Federal Express
UPS | United Parcel Service | UPS | Industrials | US |
FORD | Ford Motor | F | Consumer Discretionary | US | Ford; Ford Motor Company
GENERAL_MOTORS | General Motors | GM | Consumer Discretionary | US | GM
TOYOTA | Toyota Motor | TM | Consumer Discretionary | JP | Toyota
RIVIAN | Rivian Automotive | RIVN | Consumer Discretionary | US | Rivian
BYD | BYD Company | 1211.HK | Consumer Discretionary | CN | BYD
CATL | CATL | 300750.SZ | Industrials | CN | Contemporary Amperex
PANASONIC | Panasonic | 6752.T | Consumer Discretionary | JP | Panasonic Holdings
ALBEMARLE | Albemarle | ALB | Materials | US | Albemarle Corp
HOME_DEPOT | Home Depot | HD | Consumer Discretionary | US | The Home Depot
NIKE | Nike | NKE | Consumer Discretionary | US | Nike Inc
ALIBABA | Alibaba | BABA | Consumer Discretionary | CN | Alibaba Group
WALMART | Walmart | WMT | Consumer Staples | US | Wal-Mart
COSTCO | Costco Wholesale | COST | Consumer Staples | US | Costco
TARGET_CORP | Target | TGT | Consumer Staples | US | Target Corp; Target Corporation
COCA_COLA | Coca-Cola | KO | Consumer Staples | US | Coke
PEPSICO | PepsiCo | PEP | Consumer Staples | US | Pepsi
PFIZER | Pfizer | PFE | Health Care | US | Pfizer Inc
ELI_LILLY | Eli Lilly | LLY | Health Care | US | Lilly; Eli Lilly and Company
NOVO_NORDISK | Novo Nordisk | NVO | Health Care | DK | Novo
JOHNSON_JOHNSON | Johnson & Johnson | JNJ | Health Care | US | Johnson and Johnson; J&J
UNITEDHEALTH | UnitedHealth Group | UNH | Health Care | US | UnitedHealth
MODERNA | Moderna | MRNA | Health Care | US | Moderna Inc
NEWMONT | Newmont | NEM | Materials | US | Newmont Corp
BARRICK | Barrick Mining | B | Materials | CA | Barrick Gold; Barrick
FREEPORT | Freeport-McMoRan | FCX | Materials | US | Freeport McMoRan; Freeport
NEXTERA | NextEra Energy | NEE | Utilities | US | NextEra
CONSTELLATION_ENERGY | Constellation Energy | CEG | Utilities | US |
"""

PEOPLE = """
JENSEN_HUANG | Jensen Huang | | | | Huang
TIM_COOK | Tim Cook | | | |
ELON_MUSK | Elon Musk | | | | Musk
SATYA_NADELLA | Satya Nadella | | | | Nadella
SUNDAR_PICHAI | Sundar Pichai | | | | Pichai
MARK_ZUCKERBERG | Mark Zuckerberg | | | | Zuckerberg
ANDY_JASSY | Andy Jassy | | | | Jassy
LISA_SU | Lisa Su | | | |
JAMIE_DIMON | Jamie Dimon | | | | Dimon
DAVID_SOLOMON | David Solomon | | | |
LARRY_FINK | Larry Fink | | | |
BRIAN_ARMSTRONG | Brian Armstrong | | | |
MICHAEL_SAYLOR | Michael Saylor | | | | Saylor
SAM_ALTMAN | Sam Altman | | | | Altman
VITALIK_BUTERIN | Vitalik Buterin | | | | Buterin
"""

SECTORS = """
TECHNOLOGY_SECTOR | Technology sector | | | | technology; tech sector; tech stocks; Information Technology
SEMICONDUCTORS | Semiconductors | | | | chip stocks; chipmakers; semiconductor industry; semiconductor stocks
FINANCIALS_SECTOR | Financials sector | | | | financials; bank stocks; banking sector; financial sector
ENERGY_SECTOR | Energy sector | | | | energy stocks; oil stocks; oil producers
AIRLINES | Airlines | | | | airline stocks; airline industry
CONSUMER_DISCRETIONARY_SECTOR | Consumer discretionary sector | | | | consumer discretionary
CONSUMER_STAPLES_SECTOR | Consumer staples sector | | | | consumer staples
COMMUNICATION_SECTOR | Communication services sector | | | | communication services
HEALTH_CARE_SECTOR | Health care sector | | | | health care; healthcare stocks; pharma stocks; drugmakers
INDUSTRIALS_SECTOR | Industrials sector | | | | industrials
MATERIALS_SECTOR | Materials sector | | | | materials stocks
UTILITIES_SECTOR | Utilities sector | | | | utilities; power utilities
REAL_ESTATE_SECTOR | Real estate sector | | | | real estate; REITs
AUTOMAKERS | Automakers | | | | car makers; carmakers; auto industry
DEFENCE_SECTOR | Defence sector | | | | defense stocks; defense contractors; defence stocks
GOLD_MINERS | Gold miners | | | | gold mining stocks
CRYPTO_ASSETS | Crypto assets | | | | crypto; cryptocurrencies; digital assets
DATA_CENTRES | Data centres | | | | data centers; hyperscalers; AI infrastructure
"""

COUNTRIES = """
UNITED_STATES | United States | | | US | USA; U.S.; America
CHINA | China | | | CN | Beijing; PRC
TAIWAN | Taiwan | | | TW | Taipei
SOUTH_KOREA | South Korea | | | KR | Seoul
JAPAN | Japan | | | JP | Tokyo
GERMANY | Germany | | | DE | Berlin
FRANCE | France | | | FR |
UNITED_KINGDOM | United Kingdom | | | GB | UK; U.K.; Britain
NETHERLANDS | Netherlands | | | NL | The Hague
SWITZERLAND | Switzerland | | | CH |
INDIA | India | | | IN | New Delhi
RUSSIA | Russia | | | RU | Moscow; Kremlin
UKRAINE | Ukraine | | | UA | Kyiv
SAUDI_ARABIA | Saudi Arabia | | | SA | Riyadh
IRAN | Iran | | | IR | Tehran
CANADA | Canada | | | CA | Ottawa
MEXICO | Mexico | | | MX |
DENMARK | Denmark | | | DK |
CHILE | Chile | | | CL |
"""

CURRENCIES = """
BTC | Bitcoin | BTC | Crypto | | XBT
ETH | Ethereum | ETH | Crypto | | Ether
SOL | Solana | SOL | Crypto | |
BNB | BNB | BNB | Crypto | | Binance Coin
XRP | XRP | XRP | Crypto | | Ripple
DOGE | Dogecoin | DOGE | Crypto | |
ADA | Cardano | ADA | Crypto | |
USDT | Tether | USDT | Stablecoin | | Tether USD
USDC | USD Coin | USDC | Stablecoin | |
US_DOLLAR | US dollar | USD | Fiat | US | dollar; greenback; U.S. dollar
EURO | Euro | EUR | Fiat | |
YEN | Japanese yen | JPY | Fiat | JP | yen
STERLING | Pound sterling | GBP | Fiat | GB | sterling; British pound
YUAN | Chinese yuan | CNY | Fiat | CN | yuan; renminbi
SWISS_FRANC | Swiss franc | CHF | Fiat | CH |
"""

COMMODITIES = """
OIL_WTI | WTI crude oil | CL | | | oil; crude; crude oil; oil prices; WTI; West Texas Intermediate
OIL_BRENT | Brent crude oil | | | | Brent; Brent crude
NATURAL_GAS | Natural gas | NG | | | natgas; LNG
GOLD | Gold | XAU | | | gold; bullion
SILVER | Silver | XAG | | | silver
COPPER | Copper | HG | | | copper
LITHIUM | Lithium | | | | lithium carbonate
WHEAT | Wheat | | | | wheat futures
JET_FUEL | Jet fuel | | | | kerosene; aviation fuel
RARE_EARTHS | Rare earths | | | | rare earth elements; rare earth minerals
ELECTRICITY | Electricity | | | | power prices; electric power
"""

INDICES = """
NASDAQ | Nasdaq Composite | IXIC | | US | Nasdaq; Nasdaq 100; NDX
SP500 | S&P 500 | SPX | | US | S&P500; S and P 500; Wall Street
DOW_JONES | Dow Jones Industrial Average | DJI | | US | Dow Jones; the Dow; DJIA
RUSSELL_2000 | Russell 2000 | RUT | | US | small caps
SOX | PHLX Semiconductor index | SOX | | US | Philadelphia Semiconductor Index
VIX | Cboe Volatility Index | VIX | | US | fear gauge; volatility index
SPY | SPDR S&P 500 ETF | SPY | | US | SPDR S&P 500
QQQ | Invesco QQQ Trust | QQQ | | US | Invesco QQQ
GLD | SPDR Gold Shares | GLD | | US |
XLE | Energy Select Sector SPDR | XLE | | US |
TLT | iShares 20+ Year Treasury Bond ETF | TLT | | US | long Treasuries
DXY | US Dollar Index | DXY | | US | dollar index
EMERGING_MARKETS | Emerging markets | EEM | | | emerging market stocks; EM stocks
NIKKEI_225 | Nikkei 225 | | | JP | Nikkei
EURO_STOXX_50 | Euro Stoxx 50 | | | | Stoxx 50
"""

MACRO = """
FED_FUNDS_RATE | Federal funds rate | | | US | fed funds; Fed rate; fed funds rate; interest rates; rate hike; rate hikes; rate cut; rate cuts
TREASURY_10Y | 10-year Treasury yield | | | US | Treasury yields; 10-year yield; ten-year yield; bond yields; long yields; US10Y
TREASURY_2Y | 2-year Treasury yield | | | US | two-year yield; 2-year yield
CPI | US consumer price index | | | US | inflation; consumer prices; CPI
CORE_PCE | Core PCE inflation | | | US | PCE
UNEMPLOYMENT_RATE | US unemployment rate | | | US | unemployment; jobless rate
NONFARM_PAYROLLS | US nonfarm payrolls | | | US | payrolls; jobs report
US_GDP | US gross domestic product | | | US | GDP; economic growth
ISM_PMI | ISM manufacturing PMI | | | US | ISM; factory activity
MORTGAGE_RATE | US 30-year mortgage rate | | | US | mortgage rates
ECB_RATE | ECB deposit rate | | | | ECB rate
BOJ_RATE | Bank of Japan policy rate | | | JP | BOJ rate
CHINA_PMI | China manufacturing PMI | | | CN | Chinese factory activity
"""

REGULATION = """
FTC | Federal Trade Commission | | | US | FTC
DOJ | US Department of Justice | | | US | Justice Department; DOJ
EU_COMPETITION | EU competition law | | | | European Commission; Brussels; EU antitrust; Digital Markets Act; DMA
BIS_EXPORT | US export controls on chips | | | US | chip export rules; export controls; BIS; Bureau of Industry and Security
SEC | Securities and Exchange Commission | | | US | SEC
CFTC | Commodity Futures Trading Commission | | | US | CFTC
FEDERAL_RESERVE | Federal Reserve | | | US | Fed; FOMC; Federal Reserve Board
ECB | European Central Bank | | | | ECB
BANK_OF_JAPAN | Bank of Japan | | | JP | BOJ
FDA | Food and Drug Administration | | | US | FDA
FAA | Federal Aviation Administration | | | US | FAA
EPA | Environmental Protection Agency | | | US | EPA
NHTSA | National Highway Traffic Safety Administration | | | US | NHTSA
MICA | EU Markets in Crypto-Assets regulation | | | | MiCA
CHIPS_ACT | CHIPS and Science Act | | | US | CHIPS Act
BASEL_III | Basel III capital rules | | | | Basel III; bank capital rules
"""

EVENTS = """
FED_DECEMBER_DECISION | Fed decision in December | | | US | December Fed meeting
BTC_15_MINUTES | Bitcoin up in 15 minutes | | | | bitcoin 15-minute contract
BITCOIN_HALVING | Bitcoin halving | | | | halving
US_CHINA_TARIFFS | US-China tariffs | | | | tariffs; trade war; tariff
TAIWAN_STRAIT_TENSION | Tension in the Taiwan Strait | | | | Taiwan Strait; invasion of Taiwan
UKRAINE_WAR | War in Ukraine | | | | Ukraine war; Russian invasion
OPEC_SUPPLY_CUT | OPEC supply cut | | | | OPEC; OPEC cut; OPEC+ cut; production cut
AI_SPENDING | AI capital spending | | | | AI spending; AI capex; AI boom
"""

VENUE_SYMBOLS = {
    "FED_DECEMBER_DECISION": ("PM:FED-DEC",),
    "BTC_15_MINUTES": ("PM:BTC-15M",),
    "GOOGLE": ("GOOG",),
    "BERKSHIRE_HATHAWAY": ("BRK-B", "BRK/B", "BRK.A"),
    "SAMSUNG": ("SSNLF",),
    "OIL_WTI": ("CL=F", "USOIL"),
    "GOLD": ("GC=F", "XAUUSD"),
    "SP500": ("^GSPC", "ES=F"),
    "NASDAQ": ("^IXIC", "NQ=F"),
    "DXY": ("DX-Y.NYB",),
    "TREASURY_10Y": ("^TNX",),
    "VIX": ("^VIX",),
}

NOT_BEFORE = {
    "APPLE": "pie pies juice cider tree trees orchard orchards sauce crumble picking harvest",
    "AMAZON": "rainforest river basin jungle deforestation",
    "META": "analysis description tag",
    "TARGET_CORP": "price prices date rate range audience",
    "VISA": "application applications waiver waivers requirement requirements fee status holders",
    "ORACLE": "bone cards problem",
    "GOLD": "medal medals standard rush leaf watch",
    "SILVER": "medal medals lining screen spoon",
    "OIL_WTI": "painting paintings spill change paint",
    "SHELL": "company shock script game casing",
}
"""Words after which a name is an ordinary word: apple pie, gold medal."""
