Feature: What things cost
  By currency, by quantity, by channel; in whole minor units, whatever the currency calls them.

  Scenario: Yen have no cents
    Given a product "tea" at 1980 JPY with stock 10
    And a tax "Consumption tax" of 10 % in JP, included in prices
    And ann has 3 "tea" in her cart
    When ann wants it sent to Japan
    Then ann's cart comes to 5940 JPY
    And 540 JPY of it is tax

  Scenario: Three digits after the point
    Given a product "oud" at 12.345 KWD with stock 10
    When ann puts 2 "oud" into her cart
    Then ann's cart comes to 24.690 KWD

  Scenario: The quantity decides
    Given a product "pencil" at 1.00 EUR with stock 100
    And "pencil" costs 0.90 EUR from 10 on
    And "pencil" costs 0.75 EUR from 50 on
    Then "pencil" costs 1.00 EUR each when 9 are bought
    And "pencil" costs 0.90 EUR each when 10 are bought
    And "pencil" costs 0.75 EUR each when 50 are bought

  Scenario: A channel with prices of its own
    Given a product "shirt" at 20.00 EUR with stock 10
    And a price list "Outlet" for the channel "outlet"
    And "shirt" costs 12.00 EUR on "Outlet"
    When ann opens a cart in EUR in the channel "outlet"
    And ann puts 1 "shirt" into her cart
    Then ann's cart comes to 12.00 EUR
    When bob puts 1 "shirt" into his cart
    Then bob's cart comes to 20.00 EUR

  Scenario: No price in that currency
    Given a product "shirt" at 20.00 EUR with stock 10
    Then "shirt" has no price in USD

  Scenario: A price changed is a price changed everywhere, at once
    Given a product "shirt" at 20.00 EUR with stock 10
    Then the shop shows "shirt" at 20.00 EUR
    When the merchant sets the price of "shirt" to 17.50 EUR
    Then the shop shows "shirt" at 17.50 EUR
    And "shirt" costs 17.50 EUR each when 1 are bought

  Scenario: A sum that no number holds
    Given a product "planet" at 90000000000000.00 EUR with stock 100000
    When ann puts 100000 "planet" into her cart
    Then ann is told overflow
    And ann's cart is empty

  Scenario: Prices that are none
    Given a product "shirt" at 20.00 EUR with stock 10
    When the merchant tries to set the price of "shirt" to -1 cents "EUR"
    Then the merchant is told validation_failed at "/prices/0/amount"
    When the merchant tries to set the price of "shirt" to 100 cents "EURO"
    Then the merchant is told validation_failed at "/prices/0/currency"
    And the shop shows "shirt" at 20.00 EUR
