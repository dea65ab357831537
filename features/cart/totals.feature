Feature: What a cart comes to
  To the cent: the lines add up to the subtotal, and subtotal, discount, shipping and tax to the total.

  Scenario: A price changed is a price changed
    Given a product "shirt" at 19.90 EUR with stock 10
    And ann has 2 "shirt" in her cart
    When the merchant sets the price of "shirt" to 24.90 EUR
    Then ann's cart comes to 49.80 EUR

  Scenario: Cheaper by the dozen
    Given a product "pencil" at 1.00 EUR with stock 100
    And "pencil" costs 0.80 EUR from 12 on
    When ann puts 11 "pencil" into her cart
    Then ann's cart comes to 11.00 EUR
    When ann puts 1 "pencil" into her cart
    Then ann's cart has 12 "pencil" at 0.80 EUR, together 9.60 EUR

  Scenario: Tax that the price includes
    Given a product "shirt" at 19.90 EUR with stock 10
    And a tax "VAT 19 %" of 19 % in DE, included in prices
    And ann has 2 "shirt" in her cart
    When ann wants it sent to Germany
    Then ann's cart comes to 39.80 EUR
    And 6.35 EUR of it is tax

  Scenario: Tax that is added
    Given a product "shirt" at 20.00 USD with stock 10
    And a tax "Sales tax" of 8.25 % in US, added to prices
    And ann has 1 "shirt" in her cart
    When ann wants it sent to the United States
    Then ann's cart comes to 21.65 USD
    And 1.65 USD of it is tax

  Scenario: A line without a price
    Given a product "shirt" at 19.90 EUR with stock 10
    And ann has 1 "shirt" in her cart
    When the merchant takes the price of "shirt" away
    Then ann's cart can't be checked out because of not_priced
    When ann takes "shirt" out of her cart
    Then ann's cart is empty

  Scenario: More than can be counted
    Amounts end at 2^53 - 1: beyond it readers of JSON would round them.
    Given a product "moon" at 90071992547409.91 EUR with stock 5
    And ann has 1 "moon" in her cart
    Then ann's cart comes to 90071992547409.91 EUR
    When ann puts 1 "moon" into her cart
    Then ann is told overflow
    When the merchant tries to set the price of "moon" to 9007199254740992 cents "EUR"
    Then the merchant is told validation_failed at "/prices/0/amount"
