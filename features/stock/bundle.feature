@buying
Feature: Bundles share the stock of their parts
  A bundle is so many of other products, and has no stock of its own.

  Background:
    Given a product "shirt" at 19.90 EUR with stock 2
    And a product "cap" at 9.90 EUR with stock 5
    And a product "summer-set" at 35.00 EUR made of 1 "shirt" and 2 "cap"
    And a product "gift-set" at 25.00 EUR made of 1 "shirt" and 1 "cap"

  Scenario: As many bundles as the scarcest part makes
    Then 2 of "summer-set" can be bought
    When the merchant adjusts "cap" by -4 because of "damage"
    Then 0 of "summer-set" can be bought
    And 1 of "gift-set" can be bought

  Scenario: Two bundles compete for a part
    Given ann has 2 "summer-set" in her cart
    And ann has 1 "gift-set" in her cart
    When ann checks out
    Then ann is told out_of_stock
    And the stock of "shirt" is 2 on hand, 0 reserved, 0 allocated, 2 available

  Scenario: A bundle and its part, bought at once
    Given ann has 2 "summer-set" in her cart
    And bob has 1 "shirt" in his cart
    When ann and bob check out at once
    Then one is placed and the other is told out_of_stock
    And no "shirt" was sold that was not there

  Scenario: A bundle ships as its parts
    Given ann has 2 "summer-set" in her cart
    When ann checks out
    Then the stock of "shirt" is 2 on hand, 0 reserved, 2 allocated, 0 available
    And the stock of "cap" is 5 on hand, 0 reserved, 4 allocated, 1 available
    When the merchant ships ann's order
    Then the stock of "shirt" is 0 on hand, 0 reserved, 0 allocated, 0 available
    And the stock of "cap" is 1 on hand, 0 reserved, 0 allocated, 1 available

  Scenario: A bundle has no stock to adjust
    When the merchant adjusts "gift-set" by 5 because of "delivery"
    Then the merchant is told state_forbids

  Scenario: No bundle of bundles
    When the merchant makes "shirt" of 1 "cap"
    Then the merchant is told validation_failed at "/variants/0/components"
    When the merchant makes "gift-set" of 1 "summer-set"
    Then the merchant is told validation_failed at "/variants/0/components/0/sku"
    When the merchant makes "gift-set" of 2 "cap"
    Then 2 of "gift-set" can be bought
