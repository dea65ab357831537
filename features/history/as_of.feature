Feature: Every past moment can be asked for
  As of any time, from the same code; for those who may look back.

  Background:
    Given a product "shirt" at 19.90 EUR with stock 5

  Scenario: A product
    When a moment passes, called "before"
    And the merchant renames "shirt" to "Chemise"
    Then "shirt" was called "Shirt" as of "before"
    And "shirt" is called "Chemise" now

  Scenario: A product that is gone
    When a moment passes, called "before"
    And the merchant takes "shirt" out of the catalogue
    Then "shirt" was called "Shirt" as of "before"

  Scenario: By the address that it had
    When a moment passes, called "before"
    And the merchant takes "shirt" out of the catalogue
    Then "shirt" was at its address as of "before"

  Scenario: A product that was not there yet
    When a moment passes, called "before"
    And the merchant adds "Cap" with the SKU "cap"
    Then "Cap" was not there as of "before"

  Scenario: Prices
    When a moment passes, called "before"
    And the merchant sets the price of "shirt" to 24.90 EUR
    And a moment passes, called "between"
    And the merchant sets the price of "shirt" to 9.90 EUR
    Then the price of "shirt" as of "before" was 19.90 EUR
    And the price of "shirt" as of "between" was 24.90 EUR
    And "shirt" costs 9.90 EUR each when 1 are bought

  Scenario: A product with what it cost and what could be bought
    When a moment passes, called "before"
    And the merchant sets the price of "shirt" to 24.90 EUR
    And ann has 2 "shirt" in her cart
    And ann checks out
    And a moment passes, called "sold"
    And the merchant takes "shirt" out of the catalogue
    Then "shirt" as of "before" cost 19.90 EUR with 5 left
    And "shirt" as of "sold" cost 24.90 EUR with 3 left

  Scenario: A bundle, of which as many could be bought as its parts made
    Given a product "cap" at 5.00 EUR with stock 3
    And a product "outfit" at 30.00 EUR made of 1 "shirt" and 2 "cap"
    When a moment passes, called "before"
    And the merchant takes "shirt" out of the catalogue
    Then "outfit" as of "before" cost 30.00 EUR with 1 left
    And the stock of the bundle "outfit" as of "before" was 1
    When the merchant takes "outfit" out of the catalogue
    Then the stock of the bundle "outfit" as of "before" was 1

  Scenario: The very moment that an order shows
    Given ann has 1 "shirt" in her cart
    When ann checks out
    Then ann's order is there as of the moment it was placed

  Scenario: Stock, through a sale and a cancellation
    Given ann has 2 "shirt" in her cart
    When a moment passes, called "before the sale"
    And ann checks out
    And a moment passes, called "sold"
    And ann cancels her order
    Then the stock of "shirt" as of "before the sale" was 5 on hand, 0 reserved, 0 allocated, 5 available
    And the stock of "shirt" as of "sold" was 5 on hand, 0 reserved, 2 allocated, 3 available
    And the stock of "shirt" is 5 on hand, 0 reserved, 0 allocated, 5 available

  Scenario: A cart
    Given ann has 1 "shirt" in her cart
    When a moment passes, called "one"
    And ann puts 2 "shirt" into her cart
    And a moment passes, called "three"
    And ann throws her cart away
    Then ann's cart as of "one" came to 19.90 EUR
    And ann's cart as of "three" came to 59.70 EUR

  Scenario: An order
    Given ann has 1 "shirt" in her cart
    When ann checks out
    And a moment passes, called "placed"
    And ann cancels her order
    And the server is killed
    And the server is started again
    Then ann's order as of "placed" was placed
    And ann's order is cancelled

  Scenario: Not for everyone
    When a moment passes, called "before"
    Then a shopper who asks for "shirt" as of "before" is told unauthenticated

  Scenario Outline: Moments that are none
    When the merchant asks for "shirt" as of the moment "<moment>"
    Then the merchant is told validation_failed

    Examples:
      | moment                   |
      | yesterday                |
      | 2026-02-30T00:00:00Z     |
      | 2199-01-01T00:00:00.000Z |
