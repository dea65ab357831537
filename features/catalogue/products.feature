Feature: Products
  A title and a SKU are enough to begin with; shoppers see a product when it is published.

  Scenario: A draft is the merchant's alone
    When the merchant adds "Blue Shirt" with the SKU "BS-1"
    Then the product "Blue Shirt" is a draft with the slug "blue-shirt"
    And shoppers don't see "blue-shirt"
    When the merchant publishes "Blue Shirt"
    Then shoppers see "blue-shirt"
    When the merchant archives "Blue Shirt"
    Then shoppers don't see "blue-shirt"

  Scenario: The SKUs of drafts are the merchant's alone
    When the merchant adds "Blue Shirt" with the SKU "BS-1", at 19.90 EUR and 5 in stock
    Then whoever asks for the SKU "BS-1" learns nothing
    And the merchant who asks for the SKU "BS-1" learns its price and its stock
    When the merchant publishes "Blue Shirt"
    Then whoever asks for the SKU "BS-1" learns its price and its stock
    When the merchant archives "Blue Shirt"
    Then whoever asks for the SKU "BS-1" learns nothing
    When the merchant publishes "Blue Shirt"
    And the merchant deletes "Blue Shirt"
    Then whoever asks for the SKU "BS-1" learns nothing

  Scenario: What is answered is what is there
    When the merchant adds "Blue Shirt" with the SKU "BS-1", at 19.90 EUR and 5 in stock
    Then that answer is what "Blue Shirt" looks like now, at 19.90 EUR with 5 left
    When the merchant renames the product "Blue Shirt" to "Navy Shirt"
    Then that answer is what "Blue Shirt" looks like now, at 19.90 EUR with 5 left

  Scenario: One slug, one product
    Given the merchant adds "Blue Shirt" with the SKU "BS-1"
    When the merchant adds "Blue shirt!" with the SKU "BS-2"
    Then the product "Blue shirt!" has another slug than "Blue Shirt"
    When the merchant gives "Blue shirt!" the slug "blue-shirt"
    Then the merchant is told already_exists

  Scenario: One SKU, one variant
    Given the merchant adds "Blue Shirt" with the SKU "BS-1"
    When the merchant adds "Red Shirt" with the SKU "BS-1"
    Then the merchant is told already_exists
    And there is 1 product

  Scenario: A change changes what it names
    Given the merchant adds "Blue Shirt" with the SKU "BS-1"
    And the merchant describes "Blue Shirt" as "Cotton, mostly"
    When the merchant renames the product "Blue Shirt" to "Navy Shirt"
    Then "Blue Shirt" is called "Navy Shirt", and described as "Cotton, mostly"
    And "Blue Shirt" has the slug "blue-shirt" still
    When the merchant takes the description of "Blue Shirt" back
    Then "Blue Shirt" is called "Navy Shirt", and described as ""

  @views
  Scenario: Of the attributes, too, only what is named
    Given the merchant adds "Blue Shirt" with the SKU "BS-1"
    And the merchant says of "Blue Shirt" that its vendor is "Loom" and its care is "Cold wash"
    When the merchant says of "Blue Shirt" that its care is "Hand wash" and its vendor is no longer known
    And the merchant says of "Blue Shirt" that its fit.type is "Slim"
    Then of "Blue Shirt" it is known that care is "Hand wash" and fit.type is "Slim"

  Scenario: Replaced, a product is only what was said
    Given the merchant adds "Blue Shirt" with the SKU "BS-1"
    And the merchant describes "Blue Shirt" as "Cotton, mostly"
    When the merchant replaces "Blue Shirt" by "Green Shirt" with the SKU "BS-1"
    Then "Blue Shirt" is called "Green Shirt", and described as ""

  Scenario: Somebody else was first
    Given the merchant adds "Blue Shirt" with the SKU "BS-1"
    And the merchant has read "Blue Shirt"
    When the merchant renames the product "Blue Shirt" to "Navy Shirt"
    And the merchant renames "Blue Shirt" to "Sky Shirt" if it is still as read
    Then the merchant is told version_mismatch
    And "Blue Shirt" is called "Navy Shirt", and described as ""

  Scenario: Each change counts
    Given the merchant adds "Blue Shirt" with the SKU "BS-1"
    And the merchant has read "Blue Shirt"
    When the merchant renames the product "Blue Shirt" to "Navy Shirt"
    Then the version of "Blue Shirt" is higher than it was

  Scenario: Deleted, and deleted again
    Given the merchant adds "Blue Shirt" with the SKU "BS-1"
    When the merchant deletes "Blue Shirt"
    Then "Blue Shirt" is gone
    When the merchant deletes "Blue Shirt"
    Then the merchant is told ok

  Scenario: An order keeps what the shop no longer has
    Given a product "shirt" at 19.90 EUR with stock 5
    And ann has 1 "shirt" in her cart
    When ann checks out
    And the merchant takes "shirt" out of the catalogue
    Then ann's order has 1 "shirt" at 19.90 EUR, together 19.90 EUR

  Scenario: A change asked for twice with one key is made once
    Given the merchant adds "Blue Shirt" with the SKU "BS-1"
    When the merchant adds "Red Shirt" with the SKU "RS-1" twice with the same key
    Then there are 2 products

  Scenario: A shopper may not
    When a shopper tries to add a product
    Then the shopper is told unauthenticated
    And there are 0 products
