"""Relationships of the seed, one row each: from | kind | to | weight | correlation | description.

`CORE` is what every graph of this kind starts with; `WORLD` adds well-known public facts. Weights
and correlations of `WORLD` are round judgements of how close two things are, not measurements.
"""

# ruff: noqa: E501 - a row of a table is one line

CORE = """
TSMC | Supplies | NVIDIA | .95 | | makes its graphics and AI chips
TSMC | Supplies | APPLE | .95 | | makes the processors of phones and computers
TSMC | Supplies | AMD | .90 | | makes its processors
SAMSUNG | Supplies | QUALCOMM | .70 | | makes part of its chips
NVIDIA | Competes | AMD | .85 | | graphics and AI accelerators
NVIDIA | Competes | INTEL | .60 | | data centre chips
APPLE | Competes | GOOGLE | .80 | | phones and their operating systems
APPLE | Competes | MICROSOFT | .65 | | computers and their operating systems
FED_FUNDS_RATE | Affects | NASDAQ | .90 | -.75 | higher rates lower the value of distant profits
FED_FUNDS_RATE | Affects | TREASURY_10Y | .95 | .85 | short rates move long yields
TREASURY_10Y | Affects | SP500 | .80 | -.65 | higher yields compete with shares
OIL_WTI | Affects | AIRLINES | .88 | -.80 | fuel is a main cost
OIL_WTI | Affects | ENERGY_SECTOR | .92 | .88 | producers sell at the oil price
DXY | Affects | GOLD | .85 | -.72 | gold is priced in dollars
DXY | Affects | EMERGING_MARKETS | .80 | -.70 | debts in dollars become heavier
NVIDIA | PartOf | TECHNOLOGY_SECTOR | 1 | |
AMD | PartOf | TECHNOLOGY_SECTOR | 1 | |
INTEL | PartOf | TECHNOLOGY_SECTOR | 1 | |
TSMC | PartOf | TECHNOLOGY_SECTOR | 1 | |
APPLE | PartOf | TECHNOLOGY_SECTOR | 1 | |
MICROSOFT | PartOf | TECHNOLOGY_SECTOR | 1 | |
GOOGLE | PartOf | TECHNOLOGY_SECTOR | 1 | |
META | PartOf | TECHNOLOGY_SECTOR | 1 | |
JPMORGAN | PartOf | FINANCIALS_SECTOR | 1 | |
GOLDMAN_SACHS | PartOf | FINANCIALS_SECTOR | 1 | |
MORGAN_STANLEY | PartOf | FINANCIALS_SECTOR | 1 | |
WELLS_FARGO | PartOf | FINANCIALS_SECTOR | 1 | |
META | RegulatedBy | FTC | .90 | | antitrust and privacy
GOOGLE | RegulatedBy | EU_COMPETITION | .90 | | search, shopping and app store cases
NVIDIA | RegulatedBy | BIS_EXPORT | .85 | | licences for advanced chips to China
BTC | Correlates | NASDAQ | .65 | .55 | both follow appetite for risk
BTC | Correlates | GOLD | .40 | .30 | both are held against inflation
"""

WORLD = """
ASML | Supplies | TSMC | .95 | | only maker of extreme ultraviolet lithography
ASML | Supplies | INTEL | .85 | | lithography machines
ASML | Supplies | SAMSUNG | .85 | | lithography machines
APPLIED_MATERIALS | Supplies | TSMC | .80 | | machines for chip plants
APPLIED_MATERIALS | Supplies | INTEL | .75 | | machines for chip plants
SK_HYNIX | Supplies | NVIDIA | .90 | | high-bandwidth memory
MICRON | Supplies | NVIDIA | .70 | | high-bandwidth memory
SAMSUNG | Supplies | APPLE | .70 | | displays and memory
QUALCOMM | Supplies | APPLE | .70 | | modems
BROADCOM | Supplies | APPLE | .65 | | wireless chips
BROADCOM | Supplies | GOOGLE | .80 | | custom AI processors
FOXCONN | Supplies | APPLE | .90 | | assembles phones
FOXCONN | Supplies | NVIDIA | .60 | | assembles AI servers
ARM_HOLDINGS | Supplies | APPLE | .75 | | licences the processor architecture
ARM_HOLDINGS | Supplies | QUALCOMM | .75 | | licences the processor architecture
TSMC | Supplies | QUALCOMM | .80 | | makes part of its chips
TSMC | Supplies | BROADCOM | .80 | | makes its chips
NVIDIA | Supplies | MICROSOFT | .85 | | AI accelerators for data centres
NVIDIA | Supplies | META | .85 | | AI accelerators for data centres
NVIDIA | Supplies | AMAZON | .80 | | AI accelerators for data centres
NVIDIA | Supplies | GOOGLE | .70 | | AI accelerators for data centres
NVIDIA | Supplies | ORACLE | .75 | | AI accelerators for data centres
NVIDIA | Supplies | COREWEAVE | .90 | | AI accelerators for rented clusters
NVIDIA | Supplies | SUPER_MICRO | .85 | | accelerators in its servers
NVIDIA | Supplies | DELL | .75 | | accelerators in its servers
AMD | Supplies | MICROSOFT | .55 | | processors and accelerators
INTEL | Supplies | DELL | .70 | | processors
MICROSOFT | Supplies | OPENAI | .80 | | computing capacity
AMAZON | Supplies | ANTHROPIC | .75 | | computing capacity
CATL | Supplies | TESLA | .80 | | battery cells
PANASONIC | Supplies | TESLA | .80 | | battery cells
ALBEMARLE | Supplies | TESLA | .50 | | lithium
CATL | Supplies | FORD | .45 | | battery technology
BOEING | Supplies | SOUTHWEST_AIRLINES | .90 | | its whole fleet
BOEING | Supplies | UNITED_AIRLINES | .75 | | aircraft
BOEING | Supplies | AMERICAN_AIRLINES | .65 | | aircraft
AIRBUS | Supplies | DELTA_AIR_LINES | .70 | | aircraft
GENERAL_ELECTRIC | Supplies | BOEING | .80 | | jet engines
RTX | Supplies | AIRBUS | .70 | | jet engines
CONSTELLATION_ENERGY | Supplies | MICROSOFT | .50 | | nuclear power for data centres
AMD | Competes | INTEL | .90 | | processors
AMD | Competes | QUALCOMM | .40 | | processors of portable computers
TSMC | Competes | SAMSUNG | .75 | | chips made for others
TSMC | Competes | INTEL | .60 | | chips made for others
MICRON | Competes | SK_HYNIX | .85 | | memory
MICRON | Competes | SAMSUNG | .80 | | memory
APPLE | Competes | SAMSUNG | .85 | | phones
GOOGLE | Competes | MICROSOFT | .75 | | search, cloud and AI models
GOOGLE | Competes | META | .75 | | advertising
AMAZON | Competes | MICROSOFT | .80 | | cloud computing
AMAZON | Competes | GOOGLE | .65 | | cloud computing
AMAZON | Competes | WALMART | .80 | | retail
ORACLE | Competes | SALESFORCE | .60 | | business software
OPENAI | Competes | GOOGLE | .75 | | AI models
OPENAI | Competes | ANTHROPIC | .80 | | AI models
NETFLIX | Competes | DISNEY | .75 | | streaming
TESLA | Competes | BYD | .85 | | electric cars
TESLA | Competes | RIVIAN | .50 | | electric cars
TESLA | Competes | FORD | .55 | | electric cars
TESLA | Competes | GENERAL_MOTORS | .55 | | electric cars
FORD | Competes | GENERAL_MOTORS | .80 | | cars and trucks
TOYOTA | Competes | FORD | .60 | | cars
BOEING | Competes | AIRBUS | .95 | | large aircraft
VISA | Competes | MASTERCARD | .95 | | card networks
PAYPAL | Competes | VISA | .40 | | payments
JPMORGAN | Competes | BANK_OF_AMERICA | .75 | | banking
JPMORGAN | Competes | CITIGROUP | .70 | | banking
JPMORGAN | Competes | WELLS_FARGO | .70 | | banking
GOLDMAN_SACHS | Competes | MORGAN_STANLEY | .90 | | investment banking
EXXON | Competes | CHEVRON | .80 | | oil and gas
SHELL | Competes | BP | .80 | | oil and gas
DELTA_AIR_LINES | Competes | UNITED_AIRLINES | .85 | | flights
AMERICAN_AIRLINES | Competes | DELTA_AIR_LINES | .85 | | flights
SOUTHWEST_AIRLINES | Competes | AMERICAN_AIRLINES | .65 | | flights
COCA_COLA | Competes | PEPSICO | .95 | | soft drinks
WALMART | Competes | COSTCO | .75 | | retail
WALMART | Competes | TARGET_CORP | .80 | | retail
ELI_LILLY | Competes | NOVO_NORDISK | .90 | | medicines for weight and diabetes
PFIZER | Competes | MODERNA | .65 | | vaccines
COINBASE | Competes | BINANCE | .75 | | crypto exchanges
FEDEX | Competes | UPS | .90 | | parcels
ETH | Competes | SOL | .70 | | smart contract platforms
USDT | Competes | USDC | .80 | | dollar stablecoins
OIL_WTI | Correlates | OIL_BRENT | .95 | .97 | the same product in two places
OIL_WTI | Affects | JET_FUEL | .90 | .90 | refined from crude
OIL_WTI | Affects | CPI | .55 | .50 | fuel is part of the basket
OIL_WTI | Affects | FEDEX | .45 | -.40 | fuel is a cost
OIL_WTI | Affects | CANADA | .45 | .45 | an oil exporter
OIL_WTI | Affects | SAUDI_ARABIA | .85 | .85 | oil pays its budget
OIL_WTI | Affects | INDIA | .45 | -.40 | an oil importer
FED_FUNDS_RATE | Affects | TREASURY_2Y | .95 | .93 | two years of policy are priced in it
FED_FUNDS_RATE | Affects | DXY | .75 | .60 | higher rates draw money into dollars
FED_FUNDS_RATE | Affects | FINANCIALS_SECTOR | .55 | .35 | lending margins widen
FED_FUNDS_RATE | Affects | REAL_ESTATE_SECTOR | .75 | -.60 | buildings are bought on credit
FED_FUNDS_RATE | Affects | MORTGAGE_RATE | .80 | .75 | home loans follow rates
FED_FUNDS_RATE | Affects | BTC | .55 | -.40 | less appetite for risk
FEDERAL_RESERVE | Affects | FED_FUNDS_RATE | .98 | | sets the target range; the sign depends on the decision
CPI | Affects | FED_FUNDS_RATE | .80 | .70 | inflation calls for higher rates
CORE_PCE | Affects | FED_FUNDS_RATE | .80 | .70 | the measure the central bank aims at
CPI | Affects | GOLD | .50 | .35 | gold is held against inflation
NONFARM_PAYROLLS | Affects | FED_FUNDS_RATE | .65 | .50 | strong hiring allows higher rates
UNEMPLOYMENT_RATE | Affects | FED_FUNDS_RATE | .65 | -.55 | weak labour calls for lower rates
US_GDP | Affects | SP500 | .60 | .50 | profits follow output
ISM_PMI | Affects | INDUSTRIALS_SECTOR | .55 | .50 | orders of factories
TREASURY_10Y | Affects | TECHNOLOGY_SECTOR | .65 | -.50 | distant profits are worth less
TREASURY_10Y | Affects | UTILITIES_SECTOR | .65 | -.50 | dividends compete with bonds
TREASURY_10Y | Affects | GOLD | .60 | -.50 | gold pays no interest
TREASURY_10Y | Affects | TLT | .95 | -.95 | a bond falls when its yield rises
TREASURY_10Y | Affects | MORTGAGE_RATE | .90 | .90 | home loans follow the ten-year yield
MORTGAGE_RATE | Affects | HOME_DEPOT | .55 | -.45 | fewer moves, fewer renovations
VIX | Correlates | SP500 | .90 | -.80 | fear rises when shares fall
DXY | Affects | US_DOLLAR | .95 | .99 | the index of the dollar
DXY | Affects | BTC | .45 | -.40 | bitcoin is priced in dollars
DXY | Affects | COPPER | .60 | -.50 | copper is priced in dollars
GOLD | Affects | NEWMONT | .85 | .80 | sells gold
GOLD | Affects | BARRICK | .85 | .80 | sells gold
GOLD | Correlates | SILVER | .80 | .78 | precious metals
GOLD | Correlates | GLD | .98 | .99 | the fund holds gold
COPPER | Affects | FREEPORT | .85 | .80 | sells copper
COPPER | Affects | CHILE | .60 | .55 | largest exporter
CHINA_PMI | Affects | COPPER | .65 | .55 | largest consumer
CHINA | Affects | APPLE | .70 | | large market and place of assembly
CHINA | Affects | TESLA | .65 | | large market and a factory
LITHIUM | Affects | ALBEMARLE | .85 | .80 | sells lithium
LITHIUM | Affects | TESLA | .45 | -.35 | a cost of batteries
JET_FUEL | Affects | DELTA_AIR_LINES | .80 | -.70 | fuel is a main cost
JET_FUEL | Affects | UNITED_AIRLINES | .80 | -.70 | fuel is a main cost
JET_FUEL | Affects | AMERICAN_AIRLINES | .80 | -.70 | fuel is a main cost
JET_FUEL | Affects | SOUTHWEST_AIRLINES | .80 | -.70 | fuel is a main cost
OIL_WTI | Affects | EXXON | .85 | .80 | sells oil
OIL_WTI | Affects | CHEVRON | .85 | .80 | sells oil
OIL_WTI | Affects | CONOCOPHILLIPS | .88 | .85 | sells oil
NATURAL_GAS | Affects | ELECTRICITY | .75 | .70 | power plants burn gas
ELECTRICITY | Affects | DATA_CENTRES | .60 | -.40 | power is a main cost
WHEAT | Affects | CPI | .35 | .30 | food is part of the basket
UKRAINE_WAR | Affects | WHEAT | .70 | .60 | a large exporter
UKRAINE_WAR | Affects | NATURAL_GAS | .65 | .60 | Russian pipeline gas
UKRAINE_WAR | Affects | DEFENCE_SECTOR | .70 | .60 | governments order arms
OPEC_SUPPLY_CUT | Affects | OIL_WTI | .85 | .80 | less oil is offered
TAIWAN_STRAIT_TENSION | Affects | TSMC | .90 | -.85 | its plants are there
TAIWAN_STRAIT_TENSION | Affects | SEMICONDUCTORS | .80 | -.75 | most advanced chips are made there
US_CHINA_TARIFFS | Affects | APPLE | .70 | -.60 | phones are assembled in China
US_CHINA_TARIFFS | Affects | CHINA | .75 | -.65 | exports become dearer
US_CHINA_TARIFFS | Affects | RARE_EARTHS | .60 | .50 | China answers with export limits
US_CHINA_TARIFFS | Affects | NIKE | .55 | -.50 | shoes are made in Asia
AI_SPENDING | Affects | NVIDIA | .90 | .85 | accelerators are the largest part
AI_SPENDING | Affects | DATA_CENTRES | .90 | .85 | they are built with it
AI_SPENDING | Affects | CONSTELLATION_ENERGY | .55 | .50 | data centres need power
AI_SPENDING | Affects | BROADCOM | .75 | .70 | custom AI processors
BITCOIN_HALVING | Affects | BTC | .50 | .40 | fewer new coins
BTC | Correlates | ETH | .90 | .82 | crypto assets move together
BTC | Correlates | SOL | .80 | .75 | crypto assets move together
BTC | Affects | COINBASE | .85 | .75 | fees follow prices
BTC | Affects | STRATEGY | .95 | .85 | holds bitcoin as its treasury
ETH | Affects | COINBASE | .60 | .55 | fees follow prices
BTC | Affects | BTC_15_MINUTES | .90 | .80 | the contract pays when bitcoin rises
FED_FUNDS_RATE | Correlates | FED_DECEMBER_DECISION | .70 | | the contract is settled by the decision
FEDERAL_RESERVE | Affects | FED_DECEMBER_DECISION | .95 | | the meeting decides
USDT | DependsOn | TREASURY_2Y | .40 | | reserves are short Treasuries
USDT | DependsOn | TETHER_LTD | .95 | | issuer
USDC | DependsOn | CIRCLE | .95 | | issuer
COREWEAVE | DependsOn | NVIDIA | .90 | | its fleet is made of their accelerators
SUPER_MICRO | DependsOn | NVIDIA | .80 | | its AI servers need their accelerators
TESLA | DependsOn | LITHIUM | .60 | -.35 | batteries
NVIDIA | DependsOn | TAIWAN | .85 | | its chips are made there
APPLE | DependsOn | TAIWAN | .80 | | its processors are made there
APPLE | DependsOn | CHINA | .75 | | assembly
TSMC | DependsOn | ELECTRICITY | .50 | -.20 | plants need steady power
DATA_CENTRES | DependsOn | ELECTRICITY | .90 | -.40 | power and cooling
AIRLINES | DependsOn | JET_FUEL | .90 | -.70 | fuel
DEFENCE_SECTOR | DependsOn | RARE_EARTHS | .55 | -.30 | magnets and electronics
RARE_EARTHS | DependsOn | CHINA | .85 | -.40 | most are refined there
GOLD_MINERS | DependsOn | GOLD | .90 | .80 | sell it
SPY | Correlates | SP500 | .99 | .99 | the fund follows the index
QQQ | Correlates | NASDAQ | .97 | .98 | the fund follows the largest of its shares
XLE | Correlates | ENERGY_SECTOR | .98 | .99 | the fund follows the sector
SP500 | Correlates | NASDAQ | .90 | .92 | mostly the same companies
SP500 | Correlates | DOW_JONES | .90 | .93 | mostly the same economy
NASDAQ | Correlates | TECHNOLOGY_SECTOR | .90 | .93 | half of it is technology
SOX | Correlates | SEMICONDUCTORS | .98 | .99 | the index of the industry
BOJ_RATE | Affects | YEN | .80 | .60 | higher rates draw money into yen
YEN | Affects | NIKKEI_225 | .65 | -.55 | exporters earn abroad
YEN | Affects | TOYOTA | .60 | -.50 | earns abroad
ECB_RATE | Affects | EURO | .75 | .55 | higher rates draw money into euros
ECB | Affects | ECB_RATE | .98 | | sets the rate; the sign depends on the decision
BANK_OF_JAPAN | Affects | BOJ_RATE | .98 | | sets the rate; the sign depends on the decision
EURO | Correlates | DXY | .90 | -.95 | more than half of the dollar index
AMD | PartOf | SEMICONDUCTORS | 1 | |
NVIDIA | PartOf | SEMICONDUCTORS | 1 | |
INTEL | PartOf | SEMICONDUCTORS | 1 | |
TSMC | PartOf | SEMICONDUCTORS | 1 | |
BROADCOM | PartOf | SEMICONDUCTORS | 1 | |
QUALCOMM | PartOf | SEMICONDUCTORS | 1 | |
MICRON | PartOf | SEMICONDUCTORS | 1 | |
ASML | PartOf | SEMICONDUCTORS | 1 | |
ON_SEMICONDUCTOR | PartOf | SEMICONDUCTORS | 1 | |
SEMICONDUCTORS | PartOf | TECHNOLOGY_SECTOR | .90 | |
TESLA | PartOf | AUTOMAKERS | 1 | |
FORD | PartOf | AUTOMAKERS | 1 | |
GENERAL_MOTORS | PartOf | AUTOMAKERS | 1 | |
TOYOTA | PartOf | AUTOMAKERS | 1 | |
BYD | PartOf | AUTOMAKERS | 1 | |
RIVIAN | PartOf | AUTOMAKERS | 1 | |
DELTA_AIR_LINES | PartOf | AIRLINES | 1 | |
UNITED_AIRLINES | PartOf | AIRLINES | 1 | |
AMERICAN_AIRLINES | PartOf | AIRLINES | 1 | |
SOUTHWEST_AIRLINES | PartOf | AIRLINES | 1 | |
LOCKHEED_MARTIN | PartOf | DEFENCE_SECTOR | 1 | |
RTX | PartOf | DEFENCE_SECTOR | .80 | |
NEWMONT | PartOf | GOLD_MINERS | 1 | |
BARRICK | PartOf | GOLD_MINERS | 1 | |
BTC | PartOf | CRYPTO_ASSETS | 1 | |
ETH | PartOf | CRYPTO_ASSETS | 1 | |
SOL | PartOf | CRYPTO_ASSETS | 1 | |
XRP | PartOf | CRYPTO_ASSETS | 1 | |
AIRLINES | PartOf | INDUSTRIALS_SECTOR | .60 | |
MICROSOFT | PartOf | DATA_CENTRES | .60 | | runs a cloud
AMAZON | PartOf | DATA_CENTRES | .60 | | runs a cloud
GOOGLE | PartOf | DATA_CENTRES | .60 | | runs a cloud
APPLE | PartOf | NASDAQ | .80 | | a large weight
MICROSOFT | PartOf | NASDAQ | .80 | | a large weight
NVIDIA | PartOf | NASDAQ | .80 | | a large weight
AMAZON | PartOf | NASDAQ | .70 | | a large weight
TESLA | PartOf | NASDAQ | .60 | | a large weight
META | PartOf | NASDAQ | .60 | | a large weight
JPMORGAN | PartOf | DOW_JONES | .60 | |
GOLDMAN_SACHS | PartOf | DOW_JONES | .70 | | a large weight
TESLA | RegulatedBy | NHTSA | .75 | | driver assistance
BOEING | RegulatedBy | FAA | .95 | | certifies aircraft
APPLE | RegulatedBy | EU_COMPETITION | .80 | | app store rules
META | RegulatedBy | EU_COMPETITION | .75 | | data and advertising rules
MICROSOFT | RegulatedBy | FTC | .55 | | cloud and licensing
AMAZON | RegulatedBy | FTC | .80 | | marketplace case
GOOGLE | RegulatedBy | DOJ | .90 | | search and advertising cases
APPLE | RegulatedBy | DOJ | .75 | | phone market case
AMD | RegulatedBy | BIS_EXPORT | .75 | | licences for advanced chips to China
ASML | RegulatedBy | BIS_EXPORT | .80 | | licences for machines to China
COINBASE | RegulatedBy | SEC | .80 | | which coins are securities
BINANCE | RegulatedBy | SEC | .60 | | unregistered exchange case
POLYMARKET | RegulatedBy | CFTC | .80 | | event contracts
JPMORGAN | RegulatedBy | FEDERAL_RESERVE | .90 | | capital and liquidity
GOLDMAN_SACHS | RegulatedBy | FEDERAL_RESERVE | .90 | | capital and liquidity
MORGAN_STANLEY | RegulatedBy | FEDERAL_RESERVE | .90 | | capital and liquidity
WELLS_FARGO | RegulatedBy | FEDERAL_RESERVE | .90 | | capital and liquidity
JPMORGAN | RegulatedBy | BASEL_III | .80 | | capital
PFIZER | RegulatedBy | FDA | .90 | | approves medicines
ELI_LILLY | RegulatedBy | FDA | .90 | | approves medicines
NOVO_NORDISK | RegulatedBy | FDA | .85 | | approves medicines
USDT | RegulatedBy | MICA | .70 | | stablecoins in the EU
CHIPS_ACT | Affects | INTEL | .70 | .60 | subsidies for plants in the United States
CHIPS_ACT | Affects | TSMC | .50 | .40 | subsidies for plants in Arizona
BIS_EXPORT | Affects | NVIDIA | .75 | -.65 | tighter rules close the Chinese market
NVIDIA | LeadBy | JENSEN_HUANG | .95 | | founder and chief executive
TESLA | LeadBy | ELON_MUSK | .95 | | chief executive
META | LeadBy | MARK_ZUCKERBERG | .95 | | founder and chief executive
MICROSOFT | LeadBy | SATYA_NADELLA | .95 | | chief executive
GOOGLE | LeadBy | SUNDAR_PICHAI | .95 | | chief executive
AMAZON | LeadBy | ANDY_JASSY | .95 | | chief executive
APPLE | LeadBy | TIM_COOK | .95 | | chief executive, as of 2025
AMD | LeadBy | LISA_SU | .95 | | chief executive
JPMORGAN | LeadBy | JAMIE_DIMON | .95 | | chief executive
GOLDMAN_SACHS | LeadBy | DAVID_SOLOMON | .95 | | chief executive
BLACKROCK | LeadBy | LARRY_FINK | .95 | | founder and chief executive
COINBASE | LeadBy | BRIAN_ARMSTRONG | .95 | | founder and chief executive
STRATEGY | LeadBy | MICHAEL_SAYLOR | .90 | | founder and chairman
OPENAI | LeadBy | SAM_ALTMAN | .95 | | chief executive
ETH | LeadBy | VITALIK_BUTERIN | .60 | | founder
MICROSOFT | Owns | OPENAI | .60 | | a large stake
AMAZON | Owns | ANTHROPIC | .40 | | a minority stake
GOOGLE | Owns | ANTHROPIC | .35 | | a minority stake
BERKSHIRE_HATHAWAY | Owns | APPLE | .50 | | a large holding
BERKSHIRE_HATHAWAY | Owns | CHEVRON | .40 | | a large holding
BERKSHIRE_HATHAWAY | Owns | COCA_COLA | .50 | | a large holding
BLACKROCK | Owns | BTC | .40 | | through its bitcoin fund
STRATEGY | Owns | BTC | .90 | | its treasury
TSMC | PartOf | TAIWAN | .90 | | has its main plants there
SAMSUNG | PartOf | SOUTH_KOREA | .90 | | seat
BNB | PartOf | CRYPTO_ASSETS | 1 | |
DOGE | PartOf | CRYPTO_ASSETS | 1 | |
ADA | PartOf | CRYPTO_ASSETS | 1 | |
BTC | Correlates | BNB | .75 | .70 | crypto assets move together
BTC | Correlates | XRP | .70 | .65 | crypto assets move together
BTC | Correlates | DOGE | .70 | .65 | crypto assets move together
BTC | Correlates | ADA | .75 | .70 | crypto assets move together
BNB | DependsOn | BINANCE | .95 | | issuer and exchange
ETH | Competes | ADA | .50 | | smart contract platforms
XRP | RegulatedBy | SEC | .60 | | whether sales to the public were securities
STERLING | Correlates | DXY | .60 | -.70 | part of the dollar index
SWISS_FRANC | Correlates | DXY | .50 | -.70 | part of the dollar index
YEN | Correlates | DXY | .60 | -.60 | part of the dollar index
YUAN | Correlates | EMERGING_MARKETS | .55 | .50 | China is the largest part
CHINA | Affects | YUAN | .80 | | the central bank guides it
SP500 | Correlates | RUSSELL_2000 | .80 | .85 | the same economy, smaller companies
FED_FUNDS_RATE | Affects | RUSSELL_2000 | .60 | -.50 | small companies borrow at short rates
EURO_STOXX_50 | Correlates | SP500 | .75 | .75 | world business cycle
ECB_RATE | Affects | EURO_STOXX_50 | .55 | -.40 | higher rates lower the value of distant profits
RUSSIA | Affects | NATURAL_GAS | .60 | | pipelines to Europe
RUSSIA | Affects | WHEAT | .60 | | a large exporter
UKRAINE | Affects | WHEAT | .60 | | a large exporter
IRAN | Affects | OIL_BRENT | .60 | | an exporter beside the Strait of Hormuz
NOVO_NORDISK | PartOf | DENMARK | .90 | | seat
ASML | PartOf | NETHERLANDS | .90 | | seat
TOYOTA | PartOf | JAPAN | .90 | | seat
AIRBUS | PartOf | FRANCE | .80 | | seat
SHELL | PartOf | UNITED_KINGDOM | .90 | | seat
NIKKEI_225 | PartOf | JAPAN | 1 | |
GOLD | DependsOn | SWITZERLAND | .40 | | much of it is refined there
GERMANY | DependsOn | NATURAL_GAS | .55 | -.40 | industry burns it
US_CHINA_TARIFFS | Affects | MEXICO | .45 | .35 | production moves there
UNITED_STATES | Affects | BIS_EXPORT | .80 | | makes the rules
EPA | Affects | AUTOMAKERS | .55 | | exhaust limits
FORD | RegulatedBy | EPA | .70 | | exhaust limits
SERVICENOW | Competes | SALESFORCE | .65 | | business software
PALANTIR | PartOf | DEFENCE_SECTOR | .50 | | sells to armies
CATERPILLAR | DependsOn | COPPER | .45 | .35 | miners buy its trucks
CHINA_PMI | Affects | CATERPILLAR | .50 | .40 | construction and mining
ALIBABA | Competes | AMAZON | .50 | | cloud and retail
CHINA | Affects | ALIBABA | .85 | | home market and its rules
OIL_WTI | Affects | SAUDI_ARAMCO | .90 | .85 | sells oil
NEXTERA | DependsOn | ELECTRICITY | .70 | .50 | sells power
TREASURY_10Y | Affects | NEXTERA | .60 | -.45 | builds on credit
JOHNSON_JOHNSON | RegulatedBy | FDA | .85 | | approves medicines and devices
UNITEDHEALTH | PartOf | DOW_JONES | .60 | |
FED_FUNDS_RATE | Affects | SP500 | .70 | -.50 | higher rates lower the value of distant profits
VIX | Correlates | NASDAQ | .85 | -.78 | fear rises when shares fall
"""
